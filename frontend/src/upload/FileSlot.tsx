import { useId } from "react";
import { formatBytes } from "../ui/format";
import styles from "./FileSlot.module.css";

interface Props {
  label: string;
  file: File | null;
  disabled: boolean;
  onChange: (file: File | null) => void;
}

/** One file of an upload: which one is in it, and how to take another. */
export function FileSlot({ label, file, disabled, onChange }: Props) {
  const id = useId();
  return (
    <div className={file ? styles.filled : styles.slot}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <span className={styles.name} title={file?.name}>
        {file ? file.name : <span className="muted">no file yet</span>}
      </span>
      <span className={styles.actions}>
        {file && <span className="small muted">{formatBytes(file.size)}</span>}
        <label className={styles.choose}>
          {file ? "Replace" : "Choose"}
          <input
            id={id}
            type="file"
            className="hidden-text"
            disabled={disabled}
            onChange={(event) => {
              const chosen = event.target.files?.[0];
              if (chosen) onChange(chosen);
              event.target.value = "";
            }}
          />
        </label>
        {file && (
          <button type="button" className="button-quiet" disabled={disabled} aria-label={`Remove ${file.name}`} onClick={() => onChange(null)}>
            ×
          </button>
        )}
      </span>
    </div>
  );
}
