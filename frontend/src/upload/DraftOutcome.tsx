import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "wouter";
import { useLeaderboard, usePrediction } from "../api/competitions";
import { keyOf } from "../api/polling";
import type { Prediction } from "../api/types";
import { ErrorList, ErrorPanel } from "../ui/ErrorPanel";
import { formatScore } from "../ui/format";
import { Meter } from "../ui/Meter";
import type { Draft } from "./drafts";
import { readOutcome } from "./outcome";
import styles from "./DraftOutcome.module.css";

/** How one upload goes: bytes sent, then waited for, then its score and rank, or what is wrong with it. */
export function DraftOutcome({ slug, draft }: { slug: string; draft: Draft }) {
  const sent = draft.sent;
  if (sent.phase === "editing") return null;
  if (sent.phase === "failed") return <ErrorPanel error={sent.error} />;
  if (sent.phase === "sending") {
    const allSent = sent.share >= 1;
    return <Progress text={allSent ? "Checking and scoring …" : `${Math.round(sent.share * 100)}% sent`} share={allSent ? null : sent.share} />;
  }
  return <Answered key={`${sent.prediction.id}/${sent.fold}`} slug={slug} first={sent.prediction} fold={sent.fold} />;
}

function Progress({ text, share }: { text: string; share: number | null }) {
  return (
    <div className={styles.progress} role="status">
      <Meter label="Upload" share={share} />
      <span className="small soft">{text}</span>
    </div>
  );
}

function Answered({ slug, first, fold }: { slug: string; first: Prediction; fold: number | null }) {
  const client = useQueryClient();
  const prediction = usePrediction(first.id).data ?? first;
  // A second fold belongs to the same prediction: what was known of it before is out of date.
  useEffect(() => void client.setQueryData(keyOf(`/predictions/${first.id}`), first), [client, first]);
  const outcome = readOutcome(prediction, fold);
  useEffect(() => {
    if (outcome.kind !== "waiting") void client.invalidateQueries({ queryKey: keyOf(`/competitions/${slug}`) });
  }, [client, slug, outcome.kind]);
  if (outcome.kind === "waiting") return <Progress text="Received; waiting for a worker to check and score it …" share={null} />;
  if (outcome.kind === "rejected") return <ErrorList errors={outcome.errors} />;
  return (
    <div className={styles.done} role="status">
      {outcome.kind === "partial" ? (
        <p>
          <strong>Fold {fold} accepted.</strong> Still missing: {outcome.missing.join(", ")}.
        </p>
      ) : (
        <Scored slug={slug} prediction={prediction} />
      )}
      {prediction.notes.map((note) => (
        <p key={note} className="small soft">
          {note}
        </p>
      ))}
      <Link href={`?prediction=${prediction.id}`} className="small">
        All about {prediction.name} v{prediction.version}
      </Link>
    </div>
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
