import { Link } from "wouter";
import { inWork, useCancelEnsemble } from "../api/ensembles";
import { readFailure } from "../api/errors";
import type { Competition, Ensemble } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { useCurrentMember } from "../shell/me";
import { Age } from "../ui/Age";
import { Bars } from "../ui/Bars";
import { ErrorList, ErrorPanel } from "../ui/ErrorPanel";
import { formatGap, formatScore, formatSpan, plural } from "../ui/format";
import { Warnings } from "../ui/Notice";
import { StateBadge } from "../ui/StateBadge";
import { tellDecision } from "./decision";
import styles from "./EnsembleCard.module.css";
import { MemberTable } from "./MemberTable";
import { PermutedLine } from "./PermutedLine";
import { RunProgress } from "./RunProgress";

interface Props {
  competition: Competition;
  ensemble: Ensemble;
}

export function EnsembleCard({ competition, ensemble }: Props) {
  const weights = Object.entries(ensemble.weights).sort(([, one], [, other]) => other - one);
  return (
    <article className={`panel ${styles.card}`} aria-label={ensemble.name}>
      <Head ensemble={ensemble} />
      {inWork(ensemble) && <Running competition={competition} ensemble={ensemble} />}
      <Warnings sentences={ensemble.notes} />
      {ensemble.state === "failed" && <ErrorList errors={[readFailure(ensemble.error)]} />}
      {ensemble.state === "done" && (
        <div className={styles.outcome}>
          <Scores competition={competition} ensemble={ensemble} />
          {weights.length > 0 && (
            <section className={styles.weights}>
              <h3>Weights in the blend</h3>
              <Bars bars={weights.map(([name, value]) => ({ name, value }))} />
            </section>
          )}
        </div>
      )}
      {ensemble.state === "done" && <PermutedLine competition={competition} ensemble={ensemble} />}
      <MemberTable competition={competition} ensemble={ensemble} />
    </article>
  );
}

function Head({ ensemble }: { ensemble: Ensemble }) {
  const link = usePredictionLink();
  const took =
    ensemble.started_at && ensemble.finished_at ? `, took ${formatSpan(Date.parse(ensemble.finished_at) - Date.parse(ensemble.started_at))}` : "";
  return (
    <header className="spread">
      <div className="row">
        <h2>{ensemble.prediction === null ? ensemble.name : <Link href={link(ensemble.prediction)}>{ensemble.name}</Link>}</h2>
        <StateBadge state={ensemble.state} />
      </div>
      <p className="small muted">
        {plural(ensemble.inputs.length, "input")}, {ensemble.recipe.blend} blend, decision {tellDecision(ensemble.recipe.decision)}, by {ensemble.owner}{" "}
        <Age at={ensemble.created_at} />
        {took}
      </p>
    </header>
  );
}

function Running({ competition, ensemble }: Props) {
  const me = useCurrentMember();
  const cancel = useCancelEnsemble(competition.slug);
  return (
    <div className="stack">
      <RunProgress progress={ensemble.progress} />
      {me.may("admin") && (
        <div>
          <button type="button" className="button" disabled={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate(ensemble.id)}>
            {cancel.isSuccess ? "Stopping after this step …" : "Cancel"}
          </button>
        </div>
      )}
      {cancel.error && <ErrorPanel error={cancel.error} />}
    </div>
  );
}

/** The score that ranks, the one that was fitted on the rows it is judged on, and what lies between. */
function Scores({ competition, ensemble }: Props) {
  const { score, in_sample_score: flattering } = ensemble;
  const sign = competition.higher_is_better ? 1 : -1;
  return (
    <dl className={styles.scores}>
      <div>
        <dt>Nested</dt>
        <dd className={styles.nested}>{formatScore(score)}</dd>
      </div>
      <div>
        <dt>In-sample</dt>
        <dd className="soft">{formatScore(flattering)}</dd>
      </div>
      {score !== null && flattering !== null && (
        <div title="How much better the in-sample score looks than the nested one">
          <dt>Gap</dt>
          <dd className="soft">{formatGap(sign * (flattering - score))}</dd>
        </div>
      )}
    </dl>
  );
}
