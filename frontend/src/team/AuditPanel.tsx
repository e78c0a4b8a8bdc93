import { useAudit } from "../api/accounts";
import { Age } from "../ui/Age";
import { Asked } from "../ui/Asked";
import styles from "./TeamPage.module.css";

export function AuditPanel() {
  const audit = useAudit(true);
  return (
    <section className="panel" aria-label="What happened">
      <h2 className={styles.head}>What happened</h2>
      <div className={styles.body}>
        <Asked query={audit} what="the record">
          {(rows) => (
            <ol className={styles.audit}>
              {rows.map((row, index) => (
                <li key={index}>
                  <strong>{row.actor ?? "the server"}</strong> {row.verb} {row.subject} <Age at={row.at} />
                </li>
              ))}
            </ol>
          )}
        </Asked>
      </div>
    </section>
  );
}
