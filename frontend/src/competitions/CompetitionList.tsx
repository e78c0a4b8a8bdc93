import { Link } from "wouter";
import { useCompetitions } from "../api/competitions";
import type { Competition } from "../api/types";
import { useTitle } from "../shell/title";
import { Asked } from "../ui/Asked";
import { formatCount, formatMetric, formatSpan, plural } from "../ui/format";
import { StateBadge } from "../ui/StateBadge";
import { useNow } from "../ui/time";
import { FirstSteps } from "./FirstSteps";
import styles from "./CompetitionList.module.css";

export function CompetitionList() {
  useTitle("Competitions");
  const competitions = useCompetitions();
  return (
    <main className="page stack">
      <h1>Competitions</h1>
      <Asked query={competitions} what="competitions">
        {(rows) =>
          rows.length === 0 ? (
            <div className="panel">
              <FirstSteps />
            </div>
          ) : (
            <ul className={styles.cards}>
              {rows.map((row) => (
                <Card key={row.slug} competition={row} />
              ))}
            </ul>
          )
        }
      </Asked>
    </main>
  );
}

function Card({ competition }: { competition: Competition }) {
  const now = useNow();
  const left = competition.deadline ? Date.parse(competition.deadline) - now : null;
  return (
    <li className={`panel ${styles.card}`}>
      <div className={styles.head}>
        <h2>
          <Link href={`/competitions/${competition.slug}`} className={styles.link}>
            {competition.name}
          </Link>
        </h2>
        <StateBadge state={competition.state} />
      </div>
      <p className="soft small">
        {competition.task}, {formatMetric(competition.metric, competition.metric_options)}
        {competition.higher_is_better ? " ↑" : " ↓"}
      </p>
      <dl className={styles.facts} hidden={competition.state !== "open"}>
        <Fact name="Predictions" value={formatCount(competition.predictions)} />
        <Fact name="Train rows" value={formatCount(competition.train_rows)} />
        <Fact name="Test rows" value={formatCount(competition.test_rows)} />
        <Fact name="Folds" value={competition.folds ? String(competition.folds.count) : "–"} />
      </dl>
      {left !== null && <p className="small muted">{left > 0 ? `Closes in ${formatSpan(left)}` : "Closed"}</p>}
      {competition.errors.length > 0 && <p className={styles.errors}>{plural(competition.errors.length, "error")} in its files</p>}
    </li>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
