import type { ErrorBody, Prediction } from "../api/types";

export type Outcome = { kind: "waiting" } | { kind: "rejected"; errors: ErrorBody[] } | { kind: "accepted" };

/** What came of one upload: the part that was sent is looked at first, then the whole prediction. */
export function readOutcome(prediction: Prediction, fold: number | null): Outcome {
  const part = prediction.parts.find((it) => it.fold === fold);
  if (part?.state === "rejected") return { kind: "rejected", errors: part.errors.length ? part.errors : prediction.errors };
  if (prediction.state === "rejected") return { kind: "rejected", errors: prediction.errors };
  if (prediction.state === "receiving" || part?.state === "waiting") return { kind: "waiting" };
  return { kind: "accepted" };
}
