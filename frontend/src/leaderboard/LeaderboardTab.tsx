import { useMemo } from "react";
import { Link } from "wouter";
import { useLeaderboard } from "../api/competitions";
import type { Competition, LeaderboardRow } from "../api/types";
import { Asked } from "../ui/Asked";
import { EmptyState } from "../ui/Notice";
import { BoardTable } from "./BoardTable";
import { Filters } from "./Filters";
import { filterRows, useBoardView } from "./view";

export function LeaderboardTab({ competition }: { competition: Competition }) {
  const board = useLeaderboard(competition.slug);
  return (
    <Asked query={board} what="the leaderboard">
      {(rows) => (rows.length === 0 ? <NothingYet competition={competition} /> : <Board competition={competition} rows={rows} />)}
    </Asked>
  );
}

function Board({ competition, rows }: { competition: Competition; rows: LeaderboardRow[] }) {
  const [view, change] = useBoardView();
  const { search, level, owner, variant, rejected } = view;
  // The table keeps its row models as long as it gets the same rows.
  const shown = useMemo(
    () => filterRows(rows, { search, level, owner, variant, rejected, sorting: [] }),
    [rows, search, level, owner, variant, rejected],
  );
  return (
    <section className="stack" aria-label="Leaderboard">
      <Filters rows={rows} shown={shown.length} view={view} onChange={change} />
      <BoardTable competition={competition} rows={shown} all={rows} sorting={view.sorting} onSort={(sorting) => change({ sorting })} />
    </section>
  );
}

function NothingYet({ competition }: { competition: Competition }) {
  return (
    <div className="panel">
      <EmptyState title="Nothing is scored yet">
        <p>
          Train on the <Link href={`/competitions/${competition.slug}/contract`}>common folds</Link>, then{" "}
          <Link href={`/competitions/${competition.slug}/upload`}>upload</Link> out-of-fold predictions, or drop the files anywhere on this page.
        </p>
        <pre>{`stackyard folds ${competition.slug} -o folds.csv\nstackyard upload ${competition.slug} --name m1 --oof m1_oof.csv --test m1_test.csv`}</pre>
      </EmptyState>
    </div>
  );
}
