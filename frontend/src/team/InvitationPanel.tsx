import { useState, type FormEvent } from "react";
import { useInvitations, useInvite, useWithdraw } from "../api/accounts";
import type { Invitation, Role } from "../api/types";
import { Asked } from "../ui/Asked";
import { ConfirmButton } from "../ui/ConfirmButton";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { formatDate } from "../ui/format";
import { ROLES } from "./roles";
import { ShownOnce } from "./ShownOnce";
import styles from "./TeamPage.module.css";

export function InvitationPanel() {
  const invitations = useInvitations(true);
  const withdraw = useWithdraw();
  return (
    <section className="panel" aria-label="Invitations">
      <h2 className={styles.head}>Invitations</h2>
      <InviteForm />
      <Asked query={invitations} what="invitations">
        {(rows) => rows.length > 0 && <InvitationTable rows={rows} onWithdraw={(id) => withdraw.mutate(id)} />}
      </Asked>
      {withdraw.error && (
        <div className={styles.body}>
          <ErrorPanel error={withdraw.error} />
        </div>
      )}
    </section>
  );
}

function InviteForm() {
  const invite = useInvite();
  const [role, setRole] = useState<Role>("member");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate(role);
  };
  const link = invite.data?.link;
  return (
    <div className={styles.body}>
      <form className={styles.form} onSubmit={submit}>
        <Field label="Invite as">
          {(id) => (
            <select id={id} className="input" value={role} onChange={(event) => setRole(event.target.value as Role)}>
              {ROLES.map((it) => (
                <option key={it}>{it}</option>
              ))}
            </select>
          )}
        </Field>
        <button type="submit" className="button-main" disabled={invite.isPending}>
          Make a link
        </button>
      </form>
      {invite.error && <ErrorPanel error={invite.error} />}
      {link && (
        <ShownOnce what={`A link for one ${invite.data?.role}.`} secret={new URL(link, window.location.origin).href}>
          <p className="small soft">Send it to the person; whoever opens it first joins.</p>
        </ShownOnce>
      )}
    </div>
  );
}

function InvitationTable({ rows, onWithdraw }: { rows: Invitation[]; onWithdraw: (id: Invitation["id"]) => void }) {
  return (
    <table className="table">
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>{row.role}</td>
            <td className="muted">{row.used_by ? `used by ${row.used_by}` : `open until ${formatDate(row.expires_at)}`}</td>
            <td className="number">
              {!row.used_by && <ConfirmButton label="Withdraw" question="Withdraw it?" onConfirm={() => onWithdraw(row.id)} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
