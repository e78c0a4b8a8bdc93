import { Link, useLocation } from "wouter";
import { useLogout, useSwitchTeam } from "../api/accounts";
import { Brand } from "./Brand";
import { useCurrentMember } from "./me";
import styles from "./TopBar.module.css";

export function TopBar() {
  const me = useCurrentMember();
  const logout = useLogout();
  return (
    <header className={styles.bar}>
      <Link href="/" className={styles.home} aria-label="Stackyard, all competitions">
        <Brand />
      </Link>
      <nav className={styles.links} aria-label="Main">
        <Link href="/" className={(active) => (active ? styles.active : styles.link) ?? ""}>
          Competitions
        </Link>
        <Link href="/team" className={(active) => (active ? styles.active : styles.link) ?? ""}>
          Team
        </Link>
      </nav>
      <div className={styles.person}>
        <TeamSwitch />
        <span className={styles.user}>
          {me.user} <span className="muted">{me.role}</span>
        </span>
        <button type="button" className="button-quiet" onClick={() => logout.mutate()} disabled={logout.isPending}>
          Log out
        </button>
      </div>
    </header>
  );
}

function TeamSwitch() {
  const me = useCurrentMember();
  const change = useSwitchTeam();
  const [, navigate] = useLocation();
  if (me.teams.length < 2) return <span className={styles.team}>{me.team_name}</span>;
  return (
    <select
      className={`input ${styles.switch}`}
      aria-label="Team"
      value={me.team}
      disabled={change.isPending}
      onChange={(event) => change.mutate(event.target.value, { onSuccess: () => navigate("/") })}
    >
      {me.teams.map((team) => (
        <option key={team.team} value={team.team}>
          {team.name}
        </option>
      ))}
    </select>
  );
}
