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

export const inWork = (ensemble: Ensemble): boolean => ensemble.state === "queued" || ensemble.state === "running";

export const useEnsembles = (slug: string) =>
  usePolled<Ensemble[]>(`/competitions/${encodeURIComponent(slug)}/ensembles`, (rows) => rows.some(inWork));
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
