import { useCompetition } from "../api/competitions";
import type { Competition } from "../api/types";
import { ContractTab } from "../contract/ContractTab";
import { EnsemblesTab } from "../ensembles/EnsemblesTab";
import { GridTab } from "../grid/GridTab";
import { useWarnings, worstOf } from "../insight/findings";
import { InsightTab } from "../insight/InsightTab";
import { LeaderboardTab } from "../leaderboard/LeaderboardTab";
import { PredictionDrawer } from "../prediction/PredictionDrawer";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useTitle } from "../shell/title";
import { SubmissionsTab } from "../submissions/SubmissionsTab";
import { Asked } from "../ui/Asked";
import { ErrorList } from "../ui/ErrorPanel";
import { DropAnywhere } from "../upload/DropAnywhere";
import { UploadTab } from "../upload/UploadTab";
import { CompetitionHeader } from "./CompetitionHeader";
import { TabLinks } from "./TabLinks";

const TABS: Record<string, { label: string; Body: (props: { competition: Competition }) => React.ReactNode }> = {
  leaderboard: { label: "Leaderboard", Body: LeaderboardTab },
  upload: { label: "Upload", Body: UploadTab },
  grid: { label: "Grid", Body: GridTab },
  insight: { label: "Insight", Body: InsightTab },
  ensembles: { label: "Ensembles", Body: EnsemblesTab },
  submissions: { label: "Submissions", Body: SubmissionsTab },
  contract: { label: "Contract & folds", Body: ContractTab },
};

export function CompetitionPage({ slug, tab }: { slug: string; tab: string }) {
  const query = useCompetition(slug);
  useTitle(TABS[tab]?.label ?? tab, query.data?.name ?? slug);
  return (
    <main className="page stack">
      <Asked query={query} what="the competition">
        {(competition) => <Opened competition={competition} tab={tab} />}
      </Asked>
    </main>
  );
}

function Opened({ competition, tab }: { competition: Competition; tab: string }) {
  const open = competition.state === "open";
  const entry = TABS[tab];
  if (!entry) return <NotFoundPage />;
  return (
    <>
      <CompetitionHeader competition={competition} />
      {competition.state === "preparing" && <p role="status">A worker is reading the files and making the folds; this page goes on by itself.</p>}
      {competition.state === "rejected" && <ErrorList errors={competition.errors} />}
      {open && (
        <>
          <Tabs competition={competition} active={tab} />
          <entry.Body competition={competition} />
          <PredictionDrawer competition={competition} />
          <DropAnywhere competition={competition} />
        </>
      )}
    </>
  );
}

/** The sections, each with the number of warnings that wait there. */
function Tabs({ competition, active }: { competition: Competition; active: string }) {
  const findings = useWarnings(competition.slug);
  const warnings: Record<string, number> = { insight: findings.length, contract: competition.warnings.length };
  const severe = worstOf(findings) === "severe";
  const tabs = Object.entries(TABS).map(([path, { label }]) => ({ path, label, warnings: warnings[path] ?? 0, severe: severe && path === "insight" }));
  return <TabLinks slug={competition.slug} tabs={tabs} active={active} />;
}
