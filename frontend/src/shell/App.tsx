import { Route, Switch } from "wouter";
import { useMe } from "../api/accounts";
import { CompetitionList } from "../competitions/CompetitionList";
import { CompetitionPage } from "../competitions/CompetitionPage";
import { TeamPage } from "../team/TeamPage";
import { Asked } from "../ui/Asked";
import { ConnectionBanner } from "./ConnectionBanner";
import { InvitePage } from "./InvitePage";
import { LoginPage } from "./LoginPage";
import { MeContext } from "./me";
import { NotFoundPage } from "./NotFoundPage";
import { TopBar } from "./TopBar";

/** An invitation needs no login; everything else shows the login page in its own place, and goes on there afterwards. */
export function App() {
  return (
    <>
      <ConnectionBanner />
      <Switch>
        <Route path="/invite/:secret">{({ secret }) => <InvitePage secret={secret} />}</Route>
        <Route>
          <LoggedIn />
        </Route>
      </Switch>
    </>
  );
}

function LoggedIn() {
  const me = useMe();
  return (
    <Asked query={me} what="Stackyard">
      {(person) =>
        person === null ? (
          <LoginPage />
        ) : (
          <MeContext value={person}>
            <TopBar />
            <Switch>
              <Route path="/" component={CompetitionList} />
              <Route path="/competitions/:slug/:tab?">
                {({ slug, tab }) => <CompetitionPage key={slug} slug={slug} tab={tab ?? "leaderboard"} />}
              </Route>
              <Route path="/team" component={TeamPage} />
              <Route component={NotFoundPage} />
            </Switch>
          </MeContext>
        )
      }
    </Asked>
  );
}
