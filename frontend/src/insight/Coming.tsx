import { isComing } from "../api/insight";
import { readFailure } from "../api/errors";
import type { Insight } from "../api/types";
import { Age } from "../ui/Age";
import { ErrorList } from "../ui/ErrorPanel";
import { plural } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Warnings } from "../ui/Notice";

/** How old what is shown is, whether something newer comes, and what went wrong. */
export function Coming({ insight }: { insight: Insight }) {
  return (
    <>
      {insight.computed_at && insight.models.length > 0 && (
        <p className="soft">
          {plural(insight.models.length, "model")} of level 1, the latest version of each, compared <Age at={insight.computed_at} />.
        </p>
      )}
      {isComing(insight) && (
        <div className="stack" style={{ gap: 4 }}>
          <Meter label="Comparing models" share={null} />
          <p className="small soft" role="status">
            {tellStep(insight)} This page goes on by itself.
          </p>
        </div>
      )}
      {insight.state === "failed" && (
        <>
          <ErrorList errors={[readFailure(insight.error)]} />
          <p className="soft">The comparison failed; it is tried again when another prediction has come. Scores and ranks do not depend on it.</p>
        </>
      )}
      <Warnings sentences={insight.notes} />
    </>
  );
}

function tellStep({ state }: Insight): string {
  if (state === "queued") return "Models wait for a worker to compare them.";
  if (state === "running") return "A worker is comparing the models.";
  return "Predictions have come; they are compared once no other has come for ten seconds.";
}
