import { useMembers, useRemoveMember, useSetRole } from "../api/accounts";
import type { Role } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { Asked } from "../ui/Asked";
import { ConfirmButton } from "../ui/ConfirmButton";
import { ErrorPanel } from "../ui/ErrorPanel";
import { formatDate } from "../ui/format";
import styles from "./TeamPage.module.css";
import { ROLES } from "./roles";

export function MemberPanel() {
  const me = useCurrentMember();
  const members = useMembers();
  const setRole = useSetRole();
  const remove = useRemoveMember();
  const error = setRole.error ?? remove.error;
  return (
    <section className="panel" aria-label="Members">
      <h2 className={styles.head}>Members</h2>
      <Asked query={members} what="members">
        {(rows) => (
          <table className="table">
            <tbody>
              {rows.map((row) => (
                <tr key={row.user}>
                  <td>
                    <strong>{row.user}</strong> {row.user === me.user && <span className="muted">you</span>}
                  </td>
                  <td>
                    {me.may("admin") ? (
                      <select
                        className={`input ${styles.role}`}
                        aria-label={`Role of ${row.user}`}
                        value={row.role}
                        onChange={(event) => setRole.mutate({ user: row.user, role: event.target.value as Role })}
                      >
                        {ROLES.map((role) => (
                          <option key={role}>{role}</option>
                        ))}
                      </select>
                    ) : (
                      row.role
                    )}
                  </td>
                  <td className="muted wide-only">since {formatDate(row.since)}</td>
                  <td className="number">
                    {me.may("admin") && <ConfirmButton label="Remove" question={`Remove ${row.user}?`} onConfirm={() => remove.mutate(row.user)} />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Asked>
      {error && (
        <div className={styles.body}>
          <ErrorPanel error={error} />
        </div>
      )}
    </section>
  );
}
