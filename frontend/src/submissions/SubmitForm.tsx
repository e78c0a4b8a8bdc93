import { useState, type FormEvent } from "react";
import { useLeaderboard, useQuota } from "../api/competitions";
import { useSubmit } from "../api/submissions";
import type { Competition, LeaderboardRow } from "../api/types";
import { about, useWarnings } from "../insight/findings";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { formatScore, formatSpan } from "../ui/format";
import { Warnings } from "../ui/Notice";
import { useNow } from "../ui/time";
import styles from "./SubmissionsTab.module.css";

/** Makes the file; the best prediction that can be submitted is chosen already. */
export function SubmitForm({ competition }: { competition: Competition }) {
  const rows = (useLeaderboard(competition.slug).data ?? []).filter((row) => row.state === "scored" && row.has_test);
  const submit = useSubmit(competition.slug);
  const [chosen, setChosen] = useState("");
  const [note, setNote] = useState("");
  const warnings = useWarnings(competition.slug);
  const prediction = rows.find((row) => String(row.id) === chosen) ?? rows[0];
  if (!prediction) return null;
  const said = about(warnings, prediction.id);
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit.mutate({ prediction: prediction.id, ...(note.trim() && { note: note.trim() }) }, { onSuccess: () => setNote("") });
  };
  return (
    <form className={`panel ${styles.form}`} onSubmit={send} aria-label="New submission">
      <Field label="Submit">
        {(id) => (
          <select id={id} className="input" value={prediction.id} onChange={(event) => setChosen(event.target.value)}>
            {rows.map((row) => (
              <option key={row.id} value={row.id}>
                {tellRow(row)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Note (optional)">
        {(id) => <input id={id} className="input" value={note} maxLength={400} onChange={(event) => setNote(event.target.value)} />}
      </Field>
      <button type="submit" className="button-main" disabled={submit.isPending}>
        {submit.isPending ? "Making the file …" : "Make submission"}
      </button>
      {said.length > 0 && (
        <div className={styles.error}>
          <Warnings sentences={said.map(({ sentence }) => sentence)} />
        </div>
      )}
      <QuotaLeft slug={competition.slug} />
      {submit.error && (
        <div className={styles.error}>
          <ErrorPanel error={submit.error} />
        </div>
      )}
    </form>
  );
}

function tellRow(row: LeaderboardRow): string {
  const variant = row.variant ? ` ${row.variant}` : "";
  return `${row.rank}. ${row.name}${variant} v${row.version}, ${row.owner}: ${formatScore(row.score)}`;
}

const MOST_MARKS = 12;

/** One mark a submission of the day: filled are those left. */
function QuotaLeft({ slug }: { slug: string }) {
  const quota = useQuota(slug).data;
  const now = useNow();
  if (!quota) return null;
  return (
    <p className={styles.quota}>
      {quota.per_day <= MOST_MARKS && (
        <span className={styles.marks} aria-hidden="true">
          {Array.from({ length: quota.per_day }, (_, index) => (
            <span key={index} className={index < quota.left_today ? styles.left : styles.used} />
          ))}
        </span>
      )}
      <span>
        <strong>{quota.left_today}</strong> of {quota.per_day} left today,
      </span>
      <span className="muted">resets in {formatSpan(Date.parse(quota.resets_at) - now)}</span>
    </p>
  );
}
