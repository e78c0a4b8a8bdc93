import type { ErrorBody } from "./types";

/** The server answered with a named error: its code, its sentence, and the first rows to blame. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.detail);
    this.status = status;
    this.body = body;
  }
}

/** No answer came from the server at all, or only one of a proxy before it. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

/** Make the error out of an answer that is not a success. */
export function readError(status: number, text: string): ApiError | Unreachable {
  const body = parseBody(text);
  if (body) return new ApiError(status, body);
  if (status >= 502 && status <= 504) return new Unreachable();
  return new ApiError(status, { error: `HTTP ${status}`, detail: "expected an answer of the API, got none of its errors", count: 0, rows: [] });
}

function parseBody(text: string): ErrorBody | null {
  try {
    const body: unknown = JSON.parse(text);
    return isErrorBody(body) ? body : null;
  } catch {
    return null;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "error" in body && "detail" in body;
}

/** What to show of any error: those that the server named, as it named them. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  const detail = error instanceof Error ? error.message : String(error);
  return { error: error instanceof Unreachable ? "Unreachable" : "Unexpected", detail, count: 0, rows: [] };
}

/** Why a run of the server failed; it always says it, but the schema cannot promise it. */
export function readFailure(error: Partial<ErrorBody>): ErrorBody {
  const { error: code, detail, count, rows } = error;
  return { error: code ?? "Failed", detail: detail ?? "The run ended without a result.", count: count ?? 0, rows: rows ?? [] };
}
