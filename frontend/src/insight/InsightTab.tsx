import { Link } from "wouter";
import { isComing, useInsight } from "../api/insight";
import type { Competition, Insight } from "../api/types";
import { Asked } from "../ui/Asked";
import { EmptyState } from "../ui/Notice";
import { Coming } from "./Coming";
import { FindingsBlock } from "./FindingsBlock";
import { GainsBlock } from "./GainsBlock";
import { LikenessBlock } from "./LikenessBlock";
import { PathBlock } from "./PathBlock";

export function InsightTab({ competition }: { competition: Competition }) {
  const insight = useInsight(competition.slug);
  return (
    <section className="stack" aria-label="Insight">
      <Asked query={insight} what="the insight">
        {(it) => (
          <>
            <Coming insight={it} />
            {it.models.length > 0 && <FindingsBlock insight={it} />}
            {it.models.length < 2 ? <TooFew competition={competition} insight={it} /> : <Compared competition={competition} insight={it} />}
          </>
        )}
      </Asked>
    </section>
  );
}

function Compared({ competition, insight }: { competition: Competition; insight: Insight }) {
  const { contributions, computed_at: made } = insight;
  return (
    <>
      {contributions && <GainsBlock insight={insight} contributions={contributions} />}
      <LikenessBlock slug={competition.slug} insight={insight} made={made ?? ""} />
      {contributions && <PathBlock slug={competition.slug} insight={insight} contributions={contributions} made={made ?? ""} />}
    </>
  );
}

/** Nothing can be compared with nothing. */
function TooFew({ competition, insight }: { competition: Competition; insight: Insight }) {
  if (insight.models.length === 0 && (isComing(insight) || insight.state === "failed")) return null;
  const [only] = insight.models;
  return (
    <div className="panel">
      <EmptyState title={only ? `${only.name} is the only scored model` : "No model is scored yet"}>
        <p>
          Models are compared here as soon as two of level 1 are scored on the current folds: how alike they are, what each gives to a blend of
          all, why one was left out. <Link href={`/competitions/${competition.slug}/upload`}>Upload {only ? "another" : "one"}</Link>.
        </p>
      </EmptyState>
    </div>
  );
}
