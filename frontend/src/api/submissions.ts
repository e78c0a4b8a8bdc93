/** Files for the competition's host, and what came of them. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { API, sendJson } from "./client";
import { keyOf, usePolled } from "./polling";
import type { Prediction, Rebuilt, Submission } from "./types";

export type Results = Partial<Pick<Submission, "public_score" | "private_score" | "note">>;

const listPath = (slug: string): string => `/competitions/${encodeURIComponent(slug)}/submissions`;

export const useSubmissions = (slug: string) => usePolled<Submission[]>(listPath(slug), (rows) => rows.some((row) => row.state === "queued"));
export const fileLink = (id: Submission["id"]): string => `${API}/submissions/${id}/file`;

export function useSubmit(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (form: { prediction: Prediction["id"]; note?: string }) => sendJson<Submission>("POST", listPath(slug), form),
    // The quota is asked again too, also when it was used up.
    onSettled: async () => client.invalidateQueries({ queryKey: keyOf(`/competitions/${slug}`) }),
  });
}

export function useWriteResults(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, ...results }: Results & { id: Submission["id"] }) => sendJson<Submission>("PATCH", `/submissions/${id}`, results),
    onSuccess: async () => client.invalidateQueries({ queryKey: keyOf(listPath(slug)) }),
  });
}

/** The outcome, or the submission itself where the server has not come to it within its time. */
export const useRebuild = () =>
  useMutation({ mutationFn: async (id: Submission["id"]) => sendJson<Rebuilt | Submission>("POST", `/submissions/${id}/rebuild`, {}) });
