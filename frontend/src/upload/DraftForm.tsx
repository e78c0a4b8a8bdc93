import type { FormEvent } from "react";
import type { Competition } from "../api/types";
import { Field } from "../ui/Field";
import { DraftOutcome } from "./DraftOutcome";
import { changeDraft, changeFile, removeDraft, type Draft } from "./drafts";
import { FileSlot } from "./FileSlot";
import { MoreFields } from "./MoreFields";
import { sendDraft } from "./send";
import styles from "./UploadTab.module.css";

interface Props {
  competition: Competition;
  draft: Draft;
  alone: boolean;
}

export function DraftForm({ competition, draft, alone }: Props) {
  const slug = competition.slug;
  const sending = draft.sent.phase === "sending";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void sendDraft(slug, draft);
  };
  return (
    <form className={`panel ${styles.form}`} onSubmit={submit} aria-label={draft.name ? `Upload ${draft.name}` : "Upload"}>
      <div className={styles.slots}>
        <FileSlot label="Out-of-fold predictions" file={draft.oof} disabled={sending} onChange={(oof) => changeFile(slug, draft.key, { oof })} />
        <FileSlot
          label="Test predictions (optional)"
          file={draft.test}
          disabled={sending}
          onChange={(test) => changeFile(slug, draft.key, { test })}
        />
      </div>
      <MainFields competition={competition} draft={draft} disabled={sending} />
      <MoreFields competition={competition} draft={draft} disabled={sending} />
      <div className="row">
        <button type="submit" className="button-main" disabled={sending || !draft.oof}>
          {sending ? "Uploading …" : "Upload"}
        </button>
        {!draft.oof && <span className="small muted">Drop or choose a file first.</span>}
        {!sending && (!alone || draft.oof || draft.name) && (
          <button type="button" className="button-quiet" onClick={() => removeDraft(slug, draft.key)}>
            {draft.sent.phase === "answered" ? "Close" : "Discard"}
          </button>
        )}
      </div>
      <DraftOutcome slug={slug} draft={draft} />
    </form>
  );
}

function MainFields({ competition, draft, disabled }: Omit<Props, "alone"> & { disabled: boolean }) {
  const change = (part: Partial<Draft>) => changeDraft(competition.slug, draft.key, part);
  return (
    <fieldset disabled={disabled} className={styles.fields}>
      <Field label="Name" hint="The same name again makes a new version.">
        {(id, hint) => (
          <input
            id={id}
            aria-describedby={hint}
            className="input"
            value={draft.name}
            required
            maxLength={120}
            onChange={(event) => change({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label="Variant" hint="1crop, tta, …">
        {(id, hint) => (
          <input
            id={id}
            aria-describedby={hint}
            className="input"
            value={draft.variant}
            maxLength={40}
            onChange={(event) => change({ variant: event.target.value })}
          />
        )}
      </Field>
      <Field label="Holds">
        {(id) => (
          <select id={id} className="input" value={draft.fold} onChange={(event) => change({ fold: event.target.value })}>
            <option value="">all folds</option>
            {Array.from({ length: competition.folds?.count ?? 0 }, (_, fold) => (
              <option key={fold} value={fold}>
                fold {fold}
              </option>
            ))}
          </select>
        )}
      </Field>
    </fieldset>
  );
}
