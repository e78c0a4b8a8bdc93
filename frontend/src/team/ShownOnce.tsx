import { CopyButton } from "../ui/CopyButton";
import styles from "./TeamPage.module.css";

/** A secret that the server keeps only as a digest: copied now or never. */
export function ShownOnce({ what, secret, children }: { what: string; secret: string; children?: React.ReactNode }) {
  return (
    <div className={styles.once} role="status">
      <p>
        <strong>{what}</strong> Copy it now: it is shown only this once.
      </p>
      <p className={styles.secret}>
        <code>{secret}</code> <CopyButton text={secret} />
      </p>
      {children}
    </div>
  );
}
