/** How the pages talk to the API: session cookie, CSRF header, ETags, named errors. */
import { noteReachable } from "./connection";
import { readError, Unreachable } from "./errors";

export const API = "/api/v1";

// What each address answered last, so that a poll that finds nothing new costs the server a 304.
const kept = new Map<string, { etag: string; body: unknown }>();

/** Forget all answers: another person or another team is asking now. */
export function forgetAnswers(): void {
  kept.clear();
}

export function csrfToken(): string {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}

/** GET; an unchanged answer is the very same object as before. */
export async function fetchJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const before = kept.get(path);
  const headers: Record<string, string> = before ? { "If-None-Match": before.etag } : {};
  const answer = await ask(path, { headers, signal: signal ?? null });
  if (answer.status === 304 && before) return before.body as T;
  const body = (await answer.json()) as T;
  const etag = answer.headers.get("ETag");
  if (etag) kept.set(path, { etag, body });
  return body;
}

/** POST, PATCH or DELETE; answers the body, or nothing where the server sends none. */
export async function sendJson<T = void>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-CSRFToken": csrfToken() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await ask(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(API + path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    noteReachable(false);
    throw new Unreachable();
  }
  if (answer.ok || answer.status === 304) {
    noteReachable(true);
    return answer;
  }
  const error = readError(answer.status, await answer.text());
  noteReachable(!(error instanceof Unreachable));
  throw error;
}
