import type { Ensemble, ErrorBody } from "../api/types";

/** Why a run failed; the server always says it, but the schema cannot promise it. */
export function readFailure(error: Ensemble["error"]): ErrorBody {
  const { error: code, detail, count, rows } = error;
  return { error: code ?? "Failed", detail: detail ?? "The run ended without a result.", count: count ?? 0, rows: rows ?? [] };
}
