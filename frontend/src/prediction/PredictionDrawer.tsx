import { useEffect, useRef } from "react";
import { useLocation, useSearchParams } from "wouter";
import { usePrediction } from "../api/competitions";
import type { Competition } from "../api/types";
import { Asked } from "../ui/Asked";
import { usePredictionLink } from "./link";
import { PredictionDetail } from "./PredictionDetail";
import styles from "./PredictionDrawer.module.css";

/** One prediction's details beside whatever page is open; its address has `?prediction=ID`. */
export function PredictionDrawer({ competition }: { competition: Competition }) {
  const [params] = useSearchParams();
  const id = params.get("prediction");
  return id ? <Opened key={id} id={id} competition={competition} /> : null;
}

function Opened({ id, competition }: { id: string; competition: Competition }) {
  const prediction = usePrediction(id);
  const [, navigate] = useLocation();
  const link = usePredictionLink();
  const closed = link(null);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const close = (event: KeyboardEvent): void => {
      if (event.key === "Escape") navigate(closed);
    };
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [navigate, closed]);
  return (
    <aside className={styles.drawer} aria-label="Prediction" tabIndex={-1} ref={panel}>
      <div className={styles.corner}>
        <button type="button" className={`button-quiet ${styles.close}`} onClick={() => navigate(closed)} aria-label="Close (Esc)">
          ×
        </button>
      </div>
      <Asked query={prediction} what="the prediction">
        {(it) => <PredictionDetail competition={competition} prediction={it} />}
      </Asked>
    </aside>
  );
}
