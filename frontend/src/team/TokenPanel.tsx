import { useState, type FormEvent } from "react";
import { useMakeToken, useRevokeToken, useTokens } from "../api/accounts";
import type { Token } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { Age } from "../ui/Age";
import { Asked } from "../ui/Asked";
import { ConfirmButton } from "../ui/ConfirmButton";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { formatDate } from "../ui/format";
import { SCOPES } from "./roles";
import { ShownOnce } from "./ShownOnce";
import styles from "./TeamPage.module.css";

export function TokenPanel() {
  const tokens = useTokens();
  const revoke = useRevokeToken();
  return (
    <section className="panel" aria-label="Your tokens">
      <h2 className={styles.head}>Your tokens</h2>
      <TokenForm />
      <Asked query={tokens} what="tokens">
        {(rows) => rows.length > 0 && <TokenTable rows={rows} onRevoke={(id) => revoke.mutate(id)} />}
      </Asked>
      {revoke.error && (
        <div className={styles.body}>
          <ErrorPanel error={revoke.error} />
        </div>
      )}
    </section>
  );
}

function TokenForm() {
  const me = useCurrentMember();
  const make = useMakeToken();
  const [label, setLabel] = useState("");
  const [scope, setScope] = useState<Token["scope"]>(SCOPES[me.role][0] ?? "read");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ label: label.trim(), scope }, { onSuccess: () => setLabel("") });
  };
  return (
    <div className={styles.body}>
      <p className="small soft">For the command line and your own pipelines.</p>
      <form className={styles.form} onSubmit={submit}>
        <Field label="Label">
          {(id) => (
            <input id={id} className="input" value={label} required maxLength={80} placeholder="laptop" onChange={(event) => setLabel(event.target.value)} />
          )}
        </Field>
        <Field label="May">
          {(id) => (
            <select id={id} className="input" value={scope} onChange={(event) => setScope(event.target.value as Token["scope"])}>
              {SCOPES[me.role].map((it) => (
                <option key={it}>{it}</option>
              ))}
            </select>
          )}
        </Field>
        <button type="submit" className="button-main" disabled={make.isPending}>
          Make a token
        </button>
      </form>
      {make.error && <ErrorPanel error={make.error} />}
      {make.data?.token && (
        <ShownOnce what={`Token ${make.data.label}.`} secret={make.data.token}>
          <pre>{`stackyard login ${window.location.origin} --token ${make.data.token}`}</pre>
        </ShownOnce>
      )}
    </div>
  );
}

function TokenTable({ rows, onRevoke }: { rows: Token[]; onRevoke: (id: Token["id"]) => void }) {
  return (
    <table className="table">
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <strong>{row.label || row.id}</strong> <span className="muted">{row.scope}</span>
            </td>
            <td className="muted">{row.last_used_at ? <>used <Age at={row.last_used_at} /></> : "never used"}</td>
            <td className="muted wide-only">{row.expires_at && `until ${formatDate(row.expires_at)}`}</td>
            <td className="number">
              <ConfirmButton label="Revoke" question={`Revoke ${row.label || row.id}?`} onConfirm={() => onRevoke(row.id)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
