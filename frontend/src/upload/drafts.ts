/** The upload forms of a competition: kept outside the page, so that no click on another section loses what was typed. */
import { useSyncExternalStore } from "react";
import type { Prediction } from "../api/types";
import { matchFiles, type Match } from "./match";

export interface Draft {
  key: number;
  name: string;
  /** The name that the file's own name suggested. */
  suggested: string;
  variant: string;
  fold: string;
  folds: string;
  repeats: "error" | "mean";
  emptyTags: "error" | "accept";
  recipe: string;
  oof: File | null;
  test: File | null;
  sent: Sent;
}

export type Sent =
  | { phase: "editing" }
  | { phase: "sending"; share: number }
  | { phase: "answered"; prediction: Prediction; fold: number | null }
  | { phase: "accepted"; prediction: Prediction; fold: number | null }
  | { phase: "failed"; error: unknown };

const EDITING: Sent = { phase: "editing" };
const drafts = new Map<string, Draft[]>();
const listeners = new Set<() => void>();
let lastKey = 0;

function makeDraft(match?: Match): Draft {
  lastKey += 1;
  const blank = { variant: "", folds: "", repeats: "error", emptyTags: "error", recipe: "", sent: EDITING } as const;
  const { name, fold, oof, test } = match ?? { name: "", fold: "", oof: null, test: null };
  return { key: lastKey, name, suggested: name, fold, oof, test, ...blank };
}

function draftsOf(slug: string): Draft[] {
  const kept = drafts.get(slug) ?? [makeDraft()];
  drafts.set(slug, kept);
  return kept;
}

function store(slug: string, next: Draft[]): void {
  drafts.set(slug, next.length ? next : [makeDraft()]);
  for (const listener of listeners) listener();
}

export function useDrafts(slug: string): Draft[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => draftsOf(slug),
  );
}

export function changeDraft(slug: string, key: number, change: Partial<Draft>): void {
  store(
    slug,
    draftsOf(slug).map((draft) => (draft.key === key ? { ...draft, ...change } : draft)),
  );
}

/** Put another file in: what the server said about the one before is no longer true of it. */
export function changeFile(slug: string, key: number, files: Partial<Pick<Draft, "oof" | "test">>): void {
  changeDraft(slug, key, { ...files, sent: EDITING });
}

export function removeDraft(slug: string, key: number): void {
  store(
    slug,
    draftsOf(slug).filter((draft) => draft.key !== key),
  );
}

/** Take dropped files in: one model goes into the form that still waits for files, several make a form each. */
export function dropFiles(slug: string, files: File[]): void {
  const matches = matchFiles(files);
  const before = draftsOf(slug);
  const [only] = matches;
  const waiting = before.find((draft) => draft.sent.phase !== "sending" && draft.sent.phase !== "accepted");
  if (matches.length === 1 && only && waiting) return fillDraft(slug, waiting, only);
  const kept = before.filter((draft) => draft.oof || draft.test || draft.name);
  store(slug, [...kept, ...matches.map(makeDraft)]);
}

/** Fill a form; what was typed stays, and so does what was sent once: a mended file belongs to the same name and fold. */
function fillDraft(slug: string, draft: Draft, match: Match): void {
  const keepsName = draft.name !== "" && (draft.name !== draft.suggested || draft.sent.phase !== "editing");
  const name = keepsName ? draft.name : match.name;
  const files = { oof: match.oof ?? draft.oof, test: match.test ?? draft.test };
  changeDraft(slug, draft.key, { ...files, name, suggested: match.name, fold: draft.fold || match.fold, sent: EDITING });
}

export function someAreSending(): boolean {
  return [...drafts.values()].flat().some((draft) => draft.sent.phase === "sending");
}
