import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { usePrediction } from "../api/competitions";
import { keyOf } from "../api/polling";
import type { Prediction } from "../api/types";
import { ErrorList, ErrorPanel } from "../ui/ErrorPanel";
import { Meter } from "../ui/Meter";
import { changeDraft, type Draft } from "./drafts";
import { readOutcome } from "./outcome";
import styles from "./DraftOutcome.module.css";

/** How one upload goes: bytes sent, then waited for, then what is wrong with it; one that is accepted becomes a card of its own. */
export function DraftOutcome({ slug, draft }: { slug: string; draft: Draft }) {
  const sent = draft.sent;
  if (sent.phase === "failed") return <ErrorPanel error={sent.error} />;
  if (sent.phase === "sending") {
    const allSent = sent.share >= 1;
    return <Progress text={allSent ? "Checking and scoring …" : `${Math.round(sent.share * 100)}% sent`} share={allSent ? null : sent.share} />;
  }
  if (sent.phase !== "answered") return null;
  return <Answered key={`${sent.prediction.id}/${sent.fold}`} slug={slug} draftKey={draft.key} first={sent.prediction} fold={sent.fold} />;
}

function Progress({ text, share }: { text: string; share: number | null }) {
  return (
    <div className={styles.progress} role="status">
      <Meter label="Upload" share={share} />
      <span className="small soft">{text}</span>
    </div>
  );
}

interface AnsweredProps {
  slug: string;
  draftKey: number;
  first: Prediction;
  fold: number | null;
}

function Answered({ slug, draftKey, first, fold }: AnsweredProps) {
  const client = useQueryClient();
  const prediction = usePrediction(first.id).data ?? first;
  const outcome = readOutcome(prediction, fold);
  // A second fold belongs to the same prediction: what was known of it before is out of date.
  useEffect(() => void client.setQueryData(keyOf(`/predictions/${first.id}`), first), [client, first]);
  useEffect(() => {
    if (outcome.kind === "waiting") return;
    void client.invalidateQueries({ queryKey: keyOf(`/competitions/${slug}`) });
    if (outcome.kind === "accepted") changeDraft(slug, draftKey, { sent: { phase: "accepted", prediction, fold } });
  }, [client, slug, draftKey, prediction, fold, outcome.kind]);
  if (outcome.kind === "rejected") return <ErrorList errors={outcome.errors} />;
  return <Progress text="Received; waiting for a worker to check and score it …" share={null} />;
}
