import { Link } from "wouter";
import type { ReactNode } from "react";
import type { Competition, Prediction } from "../api/types";
import { about, useWarnings } from "../insight/findings";
import { ErrorList } from "../ui/ErrorPanel";
import { Dots } from "../ui/Bars";
import { formatGap, formatScore } from "../ui/format";
import { Warnings } from "../ui/Notice";
import { StateBadge } from "../ui/StateBadge";
import { usePredictionLink } from "./link";
import { PredictionActions } from "./PredictionActions";
import { PredictionFacts } from "./PredictionFacts";
import styles from "./PredictionDrawer.module.css";

export function PredictionDetail({ competition, prediction }: { competition: Competition; prediction: Prediction }) {
  const partErrors = prediction.parts.flatMap((part) => part.errors);
  const warnings = about(useWarnings(competition.slug), prediction.id);
  const errors = prediction.errors.length ? prediction.errors : partErrors;
  return (
    <div className={styles.detail}>
      <header className={styles.section}>
        <h2 className={styles.name}>
          {prediction.name} <span className="muted">v{prediction.version}</span>
        </h2>
        <p className="row soft">
          <StateBadge state={prediction.state} />
          {prediction.owner}, level {prediction.level}
          {prediction.variant && `, ${prediction.variant}`}
        </p>
      </header>
      {prediction.score !== null && <ScoreLine prediction={prediction} score={prediction.score} />}
      <Warnings sentences={warnings.map(({ sentence }) => sentence)} />
      {prediction.missing_folds.length > 0 && <p>Still missing: fold {prediction.missing_folds.join(", ")}.</p>}
      {errors.length > 0 && <ErrorList errors={errors} />}
      {prediction.notes.length > 0 && <p className="small muted">{[...new Set(prediction.notes)].join("; ")}</p>}
      <PredictionActions competition={competition} prediction={prediction} />
      {prediction.by_fold.some((value) => value !== null) && (
        <Section title="By fold">
          <Dots bars={prediction.by_fold.map((value, fold) => ({ name: `fold ${fold}`, value }))} middle={prediction.score} />
        </Section>
      )}
      {prediction.by_class.length > 0 && (
        <Section title="By class">
          <Dots bars={prediction.by_class.map((it) => ({ name: it.class, value: it.value }))} middle={null} />
        </Section>
      )}
      {prediction.parents.length > 0 && (
        <Section title={`Made from ${prediction.parents.length} predictions`}>
          <Parents parents={prediction.parents} />
        </Section>
      )}
      <PredictionFacts prediction={prediction} />
    </div>
  );
}

function ScoreLine({ prediction, score }: { prediction: Prediction; score: number }) {
  const gap = prediction.gap ?? 0;
  return (
    <div>
      <p className={styles.score}>
        <span className={styles.value}>{formatScore(score)}</span>
        <span className="soft">± {formatScore(prediction.std)} over folds</span>
      </p>
      {Math.abs(gap) >= 5e-7 && (
        <p className="small muted">
          in-sample {formatScore(prediction.in_sample)}, gap {formatGap(gap)}: how much better it looks on the rows that it was fitted on
        </p>
      )}
    </div>
  );
}

function Parents({ parents }: { parents: Prediction["parents"] }) {
  const link = usePredictionLink();
  return (
    <ul>
      {parents.map((parent) => (
        <li key={parent.id}>
          <Link href={link(parent.id)}>{parent.name}</Link>{" "}
          <span className="muted">
            v{parent.version}, {parent.owner}
          </span>
        </li>
      ))}
    </ul>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
