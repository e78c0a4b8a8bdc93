import { useState } from "react";
import type { Insight } from "../api/types";
import { Block } from "./Block";
import { FindingItem } from "./FindingItem";
import styles from "./Insight.module.css";

const MOST_SHOWN = 8;

/** What may be wrong with what was uploaded, the worst first, as the server sorts it. */
export function FindingsBlock({ insight }: { insight: Insight }) {
  const { findings } = insight;
  const [all, setAll] = useState(false);
  const shown = all ? findings : findings.slice(0, MOST_SHOWN);
  return (
    <Block
      title="Warnings"
      says="What may be wrong with the predictions, though they keep the contract: look at it; nothing is blocked, and scores and ranks stay as they are."
    >
      {findings.length === 0 && (
        <p>
          None found. Looked for, as far as the uploads allow: copies, rows in another order, training on the rows that are predicted, a fold out
          of line, test rows that look different, other folds, constant columns.
        </p>
      )}
      <ul className={styles.findings}>
        {shown.map((finding, place) => (
          <FindingItem key={place} finding={finding} models={insight.models} />
        ))}
      </ul>
      {shown.length < findings.length && (
        <div>
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show all {findings.length}
          </button>
        </div>
      )}
    </Block>
  );
}
