import type { Competition } from "../api/types";
import { Field } from "../ui/Field";
import { shortDigest } from "../ui/format";
import { changeDraft, type Draft } from "./drafts";
import styles from "./UploadTab.module.css";

interface Props {
  competition: Competition;
  draft: Draft;
  disabled: boolean;
}

/** What most uploads leave as it is. */
export function MoreFields({ competition, draft, disabled }: Props) {
  const change = (part: Partial<Draft>) => changeDraft(competition.slug, draft.key, part);
  return (
    <details>
      <summary>Recipe, folds digest, repeated ids</summary>
      <fieldset disabled={disabled} className={styles.more}>
        <Field label="Recipe (JSON)" hint="How it was made: net, features, parameters. Your team mates will thank you.">
          {(id, hint) => (
            <textarea
              id={id}
              aria-describedby={hint}
              className="input"
              value={draft.recipe}
              spellCheck={false}
              placeholder='{"model": "lightgbm", "learning_rate": 0.05}'
              onChange={(event) => change({ recipe: event.target.value })}
            />
          )}
        </Field>
        <div className={styles.pair}>
          <Field label="Made on folds (digest)" hint={`Given, it must be the active one: ${shortDigest(competition.folds?.digest ?? "")}…`}>
            {(id, hint) => (
              <input
                id={id}
                aria-describedby={hint}
                className="input mono"
                value={draft.folds}
                spellCheck={false}
                onChange={(event) => change({ folds: event.target.value })}
              />
            )}
          </Field>
          <Field label="Several rows an id">
            {(id) => (
              <select id={id} className="input" value={draft.repeats} onChange={(event) => change({ repeats: event.target.value as Draft["repeats"] })}>
                <option value="error">are an error</option>
                <option value="mean">are averaged (views of test-time augmentation)</option>
              </select>
            )}
          </Field>
          {competition.tags_column && (
            <Field label="Empty tag fields">
              {(id) => (
                <select
                  id={id}
                  className="input"
                  value={draft.emptyTags}
                  onChange={(event) => change({ emptyTags: event.target.value as Draft["emptyTags"] })}
                >
                  <option value="error">are an error</option>
                  <option value="accept">are meant so</option>
                </select>
              )}
            </Field>
          )}
        </div>
      </fieldset>
    </details>
  );
}
