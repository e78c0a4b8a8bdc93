import { useState } from "react";
import { useWriteResults } from "../api/submissions";
import type { Submission } from "../api/types";
import { errorBody } from "../api/errors";
import styles from "./SubmissionsTab.module.css";

interface Props {
  slug: string;
  row: Submission;
  field: "public_score" | "private_score" | "note";
  label: string;
  mayWrite: boolean;
}

/** A field that is written where it stands: Enter or leaving it saves, Escape takes it back. */
export function ResultCell({ slug, row, field, label, mayWrite }: Props) {
  const save = useWriteResults(slug);
  const kept = row[field] === null ? "" : String(row[field]);
  const [typed, setTyped] = useState<string | null>(null);
  if (!mayWrite) return <span>{kept || "–"}</span>;
  const leave = (): void => {
    if (typed === null || typed.trim() === kept) return setTyped(null);
    save.mutate({ id: row.id, [field]: readValue(field, typed.trim()) }, { onSuccess: () => setTyped(null) });
  };
  return (
    <>
      <input
        className={field === "note" ? styles.note : styles.result}
        aria-label={label}
        aria-invalid={save.isError}
        inputMode={field === "note" ? "text" : "decimal"}
        placeholder={field === "note" ? "add" : "–"}
        value={typed ?? kept}
        disabled={save.isPending}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={leave}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setTyped(null);
        }}
      />
      {save.error && <p className={styles.wrong}>{errorBody(save.error).detail}</p>}
    </>
  );
}

/** A number as a number; what is none goes as it is, for the server to say what it expected. */
function readValue(field: Props["field"], text: string): string | number | null {
  if (field === "note") return text;
  if (text === "") return null;
  const value = Number(text.replace(",", "."));
  return Number.isNaN(value) ? text : value;
}
