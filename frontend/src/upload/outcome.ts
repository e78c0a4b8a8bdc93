import type { ErrorBody, Prediction } from "../api/types";

export type Outcome =
  | { kind: "waiting" }
  | { kind: "rejected"; errors: ErrorBody[] }
  | { kind: "partial"; missing: number[] }
  | { kind: "scored" };

/** What came of one upload: the part that was sent is looked at first, then the whole prediction. */
export function readOutcome(prediction: Prediction, fold: number | null): Outcome {
  const part = prediction.parts.find((it) => it.fold === fold);
  if (part?.state === "rejected") return { kind: "rejected", errors: part.errors.length ? part.errors : prediction.errors };
  if (prediction.state === "rejected") return { kind: "rejected", errors: prediction.errors };
  if (prediction.state === "scored") return { kind: "scored" };
  if (prediction.state === "partial" && part?.state !== "waiting") return { kind: "partial", missing: prediction.missing_folds };
  return { kind: "waiting" };
}
