import type { ReactNode } from "react";
import type { Competition, LabelGroup } from "../api/types";
import { formatCount, formatDate, formatMetric } from "../ui/format";
import styles from "./ContractTab.module.css";

const VALUES: Record<Competition["task"], string> = {
  binary: "a probability in [0, 1]",
  multiclass: "probabilities in [0, 1] that sum to 1 a row, within 0.001",
  multilabel: "a probability in [0, 1] a label",
  regression: "any finite number",
};

/** What both sides agree on. */
export function ContractFacts({ competition }: { competition: Competition }) {
  return (
    <dl className={styles.facts}>
      <Fact name="Task">{competition.task}</Fact>
      <Fact name="Metric">
        {formatMetric(competition.metric, competition.metric_options)}, {competition.higher_is_better ? "higher" : "lower"} is better{" "}
        <code className="muted">{competition.metric}</code>
      </Fact>
      <Fact name="Id column">
        <code>{competition.id_column}</code>, as text, exact
      </Fact>
      <Fact name={competition.classes.length === 1 ? "Value column" : `${competition.classes.length} class columns`}>
        <span className={styles.classes}>
          {competition.classes.map((name) => (
            <code key={name}>{name}</code>
          ))}
        </span>
      </Fact>
      {competition.label_groups.length > 0 && (
        <Fact name="Label groups">
          <ul>
            {competition.label_groups.map((group) => (
              <li key={tellGroup(group)}>{tellGroup(group)}</li>
            ))}
          </ul>
        </Fact>
      )}
      <Fact name="Values">{VALUES[competition.task]}</Fact>
      <Fact name="Train ids">{formatCount(competition.train_rows)}</Fact>
      <Fact name="Test ids">{formatCount(competition.test_rows)}</Fact>
      {competition.sample.kind && (
        <Fact name="Submission">
          {competition.sample.kind}: <code>{competition.sample.columns?.join(", ")}</code>
        </Fact>
      )}
      <Fact name="Submissions">{competition.submissions_per_day} a day</Fact>
      {competition.deadline && <Fact name="Deadline">{formatDate(competition.deadline)}</Fact>}
      <Fact name="Created">
        {formatDate(competition.created_at)} by {competition.created_by}
      </Fact>
    </dl>
  );
}

/** A rule between labels, in the words of its warnings. */
function tellGroup({ kind, labels, label }: LabelGroup): string {
  const others = labels?.join(", ") ?? "all others";
  return kind === "exactly_one" ? `exactly one of ${others}` : `${label} excludes ${others}`;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
