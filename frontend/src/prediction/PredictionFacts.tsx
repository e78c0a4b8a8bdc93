import type { Prediction } from "../api/types";
import { CopyButton } from "../ui/CopyButton";
import { formatDate, formatMetric, shortDigest } from "../ui/format";
import styles from "./PredictionDrawer.module.css";

/** How it was made and what it came in. */
export function PredictionFacts({ prediction }: { prediction: Prediction }) {
  const recipe = Object.entries(prediction.recipe);
  return (
    <>
      {recipe.length > 0 && (
        <section className={styles.section}>
          <h3>Recipe</h3>
          <dl className={styles.facts}>
            {recipe.map(([name, value]) => (
              <Fact key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} mono />
            ))}
          </dl>
        </section>
      )}
      <section className={styles.section}>
        <h3>Facts</h3>
        <dl className={styles.facts}>
          <Fact name="Metric" value={formatMetric(prediction.metric)} />
          {prediction.decision?.name && <Fact name="Decision" value={prediction.decision.name} />}
          <Fact name="Uploaded" value={formatDate(prediction.created_at)} />
          {prediction.scored_at && <Fact name="Scored" value={formatDate(prediction.scored_at)} />}
          <Fact name="Files" value={prediction.parts.map(tellPart).join("; ") || "made on the server"} />
          <dt>Folds</dt>
          <dd>
            <code title={prediction.folds}>{shortDigest(prediction.folds)}</code> <CopyButton text={prediction.folds} />
          </dd>
        </dl>
      </section>
    </>
  );
}

function tellPart(part: Prediction["parts"][number]): string {
  const files = [part.oof_name, part.test_name].filter(Boolean).join(" and ");
  return part.fold === null ? files : `fold ${part.fold}: ${files} (${part.state})`;
}

function Fact({ name, value, mono = false }: { name: string; value: string; mono?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={mono ? "mono" : undefined}>{value}</dd>
    </>
  );
}
