import type { ReactNode } from "react";
import { Link } from "wouter";
import { useLeaderboard, useQuota } from "../api/competitions";
import type { Competition } from "../api/types";
import { about, useWarnings } from "../insight/findings";
import { WarningMark } from "../insight/WarningMark";
import { CopyButton } from "../ui/CopyButton";
import { formatCount, formatDate, formatMetric, formatScore, formatSpan, shortDigest } from "../ui/format";
import { StateBadge } from "../ui/StateBadge";
import { useNow } from "../ui/time";
import styles from "./CompetitionHeader.module.css";

/** What everyone wants to know first: how it is judged, who leads, what is left of the time and the quota. */
export function CompetitionHeader({ competition }: { competition: Competition }) {
  const direction = competition.higher_is_better ? "higher is better" : "lower is better";
  return (
    <header className={styles.header}>
      <div>
        <div className="row">
          <h1>{competition.name}</h1>
          {competition.state !== "open" && <StateBadge state={competition.state} />}
        </div>
        <p className="soft">
          {competition.task}, {formatMetric(competition.metric, competition.metric_options)}, {direction}
        </p>
      </div>
      {competition.state === "open" && <Facts competition={competition} />}
    </header>
  );
}

function Facts({ competition }: { competition: Competition }) {
  return (
    <dl className={styles.facts}>
      <Best slug={competition.slug} />
      <Fact name="Rows" note={`${formatCount(competition.test_rows)} test`}>
        {formatCount(competition.train_rows)}
      </Fact>
      {competition.folds && (
        <Fact
          name="Folds"
          note={
            <span className={styles.digest}>
              <code title={competition.folds.digest}>{shortDigest(competition.folds.digest)}</code>
              <CopyButton text={competition.folds.digest} />
            </span>
          }
        >
          {competition.folds.count}
        </Fact>
      )}
      <QuotaFact slug={competition.slug} />
      {competition.deadline && <Deadline deadline={competition.deadline} />}
    </dl>
  );
}

function Best({ slug }: { slug: string }) {
  const best = useLeaderboard(slug).data?.find((row) => row.rank === 1);
  const warnings = useWarnings(slug);
  const name = best && (
    <>
      <WarningMark findings={about(warnings, best.id)} /> <Link href={`?prediction=${best.id}`}>{best.name}</Link>
    </>
  );
  return (
    <Fact name="Best" note={name ?? "nothing scored yet"}>
      {formatScore(best?.score)}
    </Fact>
  );
}

function QuotaFact({ slug }: { slug: string }) {
  const quota = useQuota(slug).data;
  const now = useNow();
  if (!quota) return null;
  return (
    <Fact name="Submissions left" note={`resets in ${formatSpan(Date.parse(quota.resets_at) - now)}`} urgent={quota.left_today === 0}>
      {quota.left_today} of {quota.per_day}
    </Fact>
  );
}

function Deadline({ deadline }: { deadline: string }) {
  const left = Date.parse(deadline) - useNow();
  return (
    <Fact name={left > 0 ? "Closes in" : "Closed"} note={formatDate(deadline)} urgent={left < 24 * 3_600_000}>
      {left > 0 ? formatSpan(left) : "–"}
    </Fact>
  );
}

function Fact({ name, children, note, urgent = false }: { name: string; children: ReactNode; note?: ReactNode; urgent?: boolean }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd className={urgent ? styles.urgent : styles.value}>{children}</dd>
      {note && <dd className={styles.note}>{note}</dd>}
    </div>
  );
}
