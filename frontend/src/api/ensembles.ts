/** Stacking and blending runs. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { sendJson } from "./client";
import { keyOf, useFixed, usePolled } from "./polling";
import type { Ensemble, EnsembleRecipe, RecipeOptions } from "./types";

export interface EnsembleForm {
  name?: string;
  recipe: Partial<EnsembleRecipe>;
  only?: string[];
}

const goesOn = (state: Ensemble["state"] | undefined): boolean => state === "queued" || state === "running";
export const inWork = (ensemble: Ensemble): boolean => goesOn(ensemble.state);
export const isPermuting = (ensemble: Ensemble): boolean => goesOn(ensemble.permuted?.state);

export const useEnsembles = (slug: string) =>
  usePolled<Ensemble[]>(`/competitions/${encodeURIComponent(slug)}/ensembles`, (rows) => rows.some((row) => inWork(row) || isPermuting(row)));
export const useRecipes = () => useFixed<RecipeOptions>("/recipes/ensemble");

export function useStartEnsemble(slug: string) {
  const client = useQueryClient();
  const path = `/competitions/${encodeURIComponent(slug)}/ensembles`;
  return useMutation({
    mutationFn: async (form: EnsembleForm) => sendJson<Ensemble>("POST", path, form),
    onSuccess: async () => client.invalidateQueries({ queryKey: keyOf(path) }),
  });
}

export function useCancelEnsemble(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: Ensemble["id"]) => sendJson<Ensemble>("POST", `/ensembles/${id}/cancel`),
    onSuccess: async () => client.invalidateQueries({ queryKey: keyOf(`/competitions/${slug}/ensembles`) }),
  });
}

/** Has a finished ensemble's recipe learn from permuted labels. */
export function usePermuteLabels(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: Ensemble["id"]) => sendJson<Ensemble>("POST", `/ensembles/${id}/permuted`, {}),
    onSuccess: async () => client.invalidateQueries({ queryKey: keyOf(`/competitions/${encodeURIComponent(slug)}/ensembles`) }),
  });
}
