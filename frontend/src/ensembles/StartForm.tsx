import { useState, type FormEvent } from "react";
import { useLeaderboard } from "../api/competitions";
import { useRecipes, useStartEnsemble } from "../api/ensembles";
import type { Competition, EnsembleRecipe, RecipeOptions } from "../api/types";
import { about, useWarnings } from "../insight/findings";
import { WarningMark } from "../insight/WarningMark";
import { Asked } from "../ui/Asked";
import { ErrorPanel } from "../ui/ErrorPanel";
import { Field } from "../ui/Field";
import { nameOf } from "./decision";
import styles from "./EnsembleCard.module.css";
import { Ticks } from "./Ticks";

interface Props {
  competition: Competition;
  onClose: () => void;
}

/** Begins with the server's default recipe. */
export function StartForm(props: Props) {
  const recipes = useRecipes();
  return (
    <div className="panel">
      <Asked query={recipes} what="the default recipe">
        {(options) => <RecipeForm {...props} options={options} />}
      </Asked>
    </div>
  );
}

function RecipeForm({ competition, onClose, options }: Props & { options: RecipeOptions }) {
  const start = useStartEnsemble(competition.slug);
  const named = useInputs(competition.slug);
  const inputs = [...named.keys()];
  const warnings = useWarnings(competition.slug);
  const [name, setName] = useState("");
  // Only what is changed is sent: the rest is the server's default for this task.
  const [changed, setChanged] = useState<Partial<EnsembleRecipe>>({});
  const recipe = { ...options.default, ...changed };
  const [left, setLeft] = useState<string[]>([]);
  const only = inputs.filter((input) => !left.includes(input));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const form = { recipe: changed, ...(name.trim() && { name: name.trim() }), ...(left.length > 0 && { only }) };
    start.mutate(form, { onSuccess: onClose });
  };
  return (
    <form className={styles.form} onSubmit={submit} aria-label="New ensemble">
      <Ticks
        legend={`Inputs: scored predictions of level 1 (${only.length} of ${inputs.length})`}
        options={inputs}
        chosen={only}
        onChange={(chosen) => setLeft(inputs.filter((input) => !chosen.includes(input)))}
        mark={(input) => <WarningMark findings={about(warnings, named.get(input) ?? 0)} />}
      />
      <Ticks
        legend="Level-2 models"
        options={options.level2}
        chosen={recipe.level2}
        onChange={(level2) => setChanged({ ...changed, level2: options.level2.filter((method) => level2.includes(method)) })}
      />
      {competition.features && (
        <Ticks
          legend={`Further level-2 models, which also see the competition's ${competition.features.columns.length} features`}
          options={options.restack}
          chosen={recipe.restack}
          onChange={(restack) => setChanged({ ...changed, restack: options.restack.filter((method) => restack.includes(method)) })}
        />
      )}
      <div className={styles.fields}>
        <Field label="Name (optional)">
          {(id) => <input id={id} className="input" value={name} placeholder="ensemble-…" onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Pick label="Blend" options={options.blend} value={recipe.blend} onChange={(blend) => setChanged({ ...changed, blend })} />
        <Pick label="Decision" options={options.decision} value={nameOf(recipe.decision)} onChange={(decision) => setChanged({ ...changed, decision })} />
      </div>
      {start.error && <ErrorPanel error={start.error} />}
      <div className="row">
        <button type="submit" className="button-main" disabled={start.isPending}>
          Start
        </button>
        <button type="button" className="button-quiet" onClick={onClose}>
          Close
        </button>
      </div>
    </form>
  );
}

/** Names that the server takes for exactly one prediction each, and whom they name. */
function useInputs(slug: string): Map<string, number> {
  const rows = useLeaderboard(slug).data ?? [];
  const inputs = rows.filter((row) => row.level === 1 && row.state === "scored");
  return new Map(inputs.map((row) => [`${row.owner}/${row.name}${row.variant && `:${row.variant}`}`, row.id]));
}

function Pick({ label, options, value, onChange }: { label: string; options: string[]; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
