import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { useAcceptOffer, useOffer } from "../api/accounts";
import type { InvitationOffer } from "../api/types";
import { Asked } from "../ui/Asked";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { formatDate } from "../ui/format";
import { Brand } from "./Brand";
import { useTitle } from "./title";
import styles from "./Door.module.css";

export function InvitePage({ secret }: { secret: string }) {
  useTitle("Invitation");
  const offer = useOffer(secret);
  return (
    <main className={styles.door}>
      <Brand large />
      <div className={`panel ${styles.form}`}>
        <Asked query={offer} what="the invitation">
          {(it) => <AcceptForm secret={secret} offer={it} />}
        </Asked>
      </div>
    </main>
  );
}

function AcceptForm({ secret, offer }: { secret: string; offer: InvitationOffer }) {
  const accept = useAcceptOffer(secret);
  const [, navigate] = useLocation();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    accept.mutate({ username, password }, { onSuccess: () => navigate("/") });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <h1>Join {offer.team_name}</h1>
      <p className="soft">
        You are invited as <strong>{offer.role}</strong>. The link works once, until {formatDate(offer.expires_at)}.
      </p>
      <Field label="User name" hint="A new one, or the one you already have on this server.">
        {(id, hint) => (
          <input
            id={id}
            aria-describedby={hint}
            className="input"
            value={username}
            autoComplete="username"
            autoCapitalize="none"
            required
            onChange={(event) => setUsername(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password" hint="At least 10 characters.">
        {(id, hint) => (
          <input
            id={id}
            aria-describedby={hint}
            className="input"
            type="password"
            value={password}
            autoComplete="new-password"
            required
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      {accept.error && <ErrorPanel error={accept.error} />}
      <button type="submit" className="button-main" disabled={accept.isPending}>
        Join the team
      </button>
    </form>
  );
}
