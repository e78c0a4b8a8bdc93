import type { UseQueryResult } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { Figure } from "../api/types";
import { Asked } from "./Asked";
import styles from "./FigureView.module.css";
import { Loading } from "./Notice";

// Half a megabyte that only pages with figures need.
const FigureView = lazy(async () => import("./FigureView"));

interface Props {
  query: UseQueryResult<Figure>;
  what: string;
  label: string;
  roomy?: boolean;
}

/** A figure that the server draws, once it is there. */
export function Drawn({ query, what, label, roomy = false }: Props) {
  return (
    <Asked query={query} what={what}>
      {(figure) => (
        <Suspense fallback={<Loading what={what} />}>
          <div className="scroll-x">
            <div className={roomy ? styles.roomy : undefined}>
              <FigureView figure={figure} label={label} />
            </div>
          </div>
        </Suspense>
      )}
    </Asked>
  );
}
