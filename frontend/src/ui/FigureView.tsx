import Plotly from "plotly.js-cartesian-dist-min";
import { useEffect, useRef } from "react";
import type { Figure } from "../api/types";
import styles from "./FigureView.module.css";
import { themedLayout } from "./theme";

const CONFIG = { displayModeBar: false, responsive: true };

/** A figure that the server computed, in the page's colours; drawn again when the system turns dark or light. */
export default function FigureView({ figure, label }: { figure: Figure; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = place.current;
    if (!node) return undefined;
    const draw = (): void => void Plotly.react(node, figure.data, themedLayout(node, figure.layout), CONFIG);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    draw();
    dark.addEventListener("change", draw);
    return () => {
      dark.removeEventListener("change", draw);
      Plotly.purge(node);
    };
  }, [figure]);
  return <div ref={place} className={styles.figure} role="img" aria-label={label} />;
}
