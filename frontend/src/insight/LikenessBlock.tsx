import { useState } from "react";
import { useCorrelationFigure } from "../api/insight";
import type { Insight, Measure } from "../api/types";
import { Drawn } from "../ui/Drawn";
import { plural } from "../ui/format";
import { Block } from "./Block";
import styles from "./Insight.module.css";
import { MEASURES } from "./words";

interface Props {
  slug: string;
  insight: Insight;
  made: string;
}

/** How alike every two models are. */
export function LikenessBlock({ slug, insight, made }: Props) {
  const [measure, setMeasure] = useState<Measure>("pearson");
  const figure = useCorrelationFigure(slug, measure, made);
  const { correlation } = insight;
  if (!correlation) return null;
  return (
    <Block
      title="How alike"
      says={
        <>
          {plural(insight.models.length, "model")} say as much as {correlation.effective.toFixed(1)} independent ones; models that are alike stand
          side by side, each frame is a cluster ({plural(insight.clusters.length, "cluster")} in all), and brighter is more alike.
        </>
      }
    >
      <fieldset className={styles.choice}>
        <legend className="hidden-text">Measured by</legend>
        {correlation.measures.map((name) => (
          <label key={name}>
            <input type="radio" name="measure" checked={measure === name} onChange={() => setMeasure(name)} /> {MEASURES[name]}
          </label>
        ))}
      </fieldset>
      <Drawn query={figure} what="the map" label={`How alike models are: ${MEASURES[measure]}`} roomy />
    </Block>
  );
}
