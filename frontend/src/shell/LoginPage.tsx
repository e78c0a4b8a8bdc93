import { useState, type FormEvent } from "react";
import { useLogin } from "../api/accounts";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { Brand } from "./Brand";
import { useTitle } from "./title";
import styles from "./Door.module.css";

export function LoginPage() {
  useTitle("Log in");
  const login = useLogin();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ username, password });
  };
  return (
    <main className={styles.door}>
      <Brand large />
      <form className={`panel ${styles.form}`} onSubmit={submit}>
        <h1>Log in</h1>
        <Field label="User name">
          {(id) => (
            <input
              id={id}
              className="input"
              value={username}
              autoComplete="username"
              autoCapitalize="none"
              autoFocus
              required
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field label="Password">
          {(id) => (
            <input
              id={id}
              className="input"
              type="password"
              value={password}
              autoComplete="current-password"
              required
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {login.error && <ErrorPanel error={login.error} />}
        <button type="submit" className="button-main" disabled={login.isPending}>
          {login.isPending ? "Logging in …" : "Log in"}
        </button>
        <p className="small muted">No account yet? Ask an admin of your team for an invitation link.</p>
      </form>
    </main>
  );
}
