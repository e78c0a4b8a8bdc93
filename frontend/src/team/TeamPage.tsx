import { useCurrentMember } from "../shell/me";
import { useTitle } from "../shell/title";
import { AuditPanel } from "./AuditPanel";
import { InvitationPanel } from "./InvitationPanel";
import { MemberPanel } from "./MemberPanel";
import styles from "./TeamPage.module.css";
import { TokenPanel } from "./TokenPanel";

export function TeamPage() {
  const me = useCurrentMember();
  useTitle(me.team_name);
  return (
    <main className="page stack">
      <h1>{me.team_name}</h1>
      <div className={styles.columns}>
        <div className="stack">
          <MemberPanel />
          {me.may("admin") && <InvitationPanel />}
        </div>
        <div className="stack">
          <TokenPanel />
          {me.may("admin") && <AuditPanel />}
        </div>
      </div>
    </main>
  );
}
