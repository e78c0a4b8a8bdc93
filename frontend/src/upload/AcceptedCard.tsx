import { Link } from "wouter";
import { useLeaderboard, usePrediction } from "../api/competitions";
import type { Prediction } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { formatScore } from "../ui/format";
import { changeDraft, removeDraft, type Draft, type Sent } from "./drafts";
import styles from "./DraftOutcome.module.css";

interface Props {
  slug: string;
  draft: Draft;
  sent: Extract<Sent, { phase: "accepted" }>;
}

/** An upload that went well: its score and rank, or which folds are still missing. */
export function AcceptedCard({ slug, draft, sent }: Props) {
  const prediction = usePrediction(sent.prediction.id).data ?? sent.prediction;
  const link = usePredictionLink();
  return (
    <section className={styles.done} role="status" aria-label={`Uploaded ${prediction.name}`}>
      <div className="spread">
        <p>
          <Link href={link(prediction.id)}>
            <strong>{prediction.name}</strong>
          </Link>{" "}
          <span className="soft">
            v{prediction.version}
            {prediction.variant && `, ${prediction.variant}`}
            {sent.fold !== null && `, fold ${sent.fold}`}: {[draft.oof?.name, draft.test?.name].filter(Boolean).join(" and ")}
          </span>
        </p>
        <span className="row">
          <button type="button" className="button-quiet" onClick={() => changeDraft(slug, draft.key, { sent: { phase: "editing" } })}>
            Change and upload again
          </button>
          <button type="button" className="button-quiet" aria-label={`Close ${prediction.name}`} onClick={() => removeDraft(slug, draft.key)}>
            ×
          </button>
        </span>
      </div>
      {prediction.state === "scored" ? (
        <Scored slug={slug} prediction={prediction} />
      ) : (
        <p>
          Fold {sent.fold} accepted. Still missing: {prediction.missing_folds.join(", ")}.
        </p>
      )}
      {prediction.notes.length > 0 && <p className="small soft">{[...new Set(prediction.notes)].join("; ")}</p>}
    </section>
  );
}

function Scored({ slug, prediction }: { slug: string; prediction: Prediction }) {
  const rank = useLeaderboard(slug).data?.find((row) => row.id === prediction.id)?.rank;
  return (
    <p className={styles.result}>
      <span className={styles.score}>{formatScore(prediction.score)}</span>
      <span className="soft">± {formatScore(prediction.std)} over folds</span>
      {rank && <span className={styles.rank}>rank {rank}</span>}
    </p>
  );
}
