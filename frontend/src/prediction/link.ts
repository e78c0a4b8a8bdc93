import { useSearchParams } from "wouter";
import type { Prediction } from "../api/types";

/** Makes addresses of the page one is on with a prediction's details open. */
export function usePredictionLink(): (id: Prediction["id"] | null) => string {
  const [params] = useSearchParams();
  return (id) => {
    const after = new URLSearchParams(params);
    if (id === null) after.delete("prediction");
    else after.set("prediction", String(id));
    return `?${after.toString()}`;
  };
}
