import { Link } from "wouter";
import type { Competition } from "../api/types";
import { CopyButton } from "../ui/CopyButton";
import { formatCount } from "../ui/format";
import styles from "./FileRules.module.css";

const VALUES: Record<Competition["task"], string> = {
  binary: "probabilities in [0, 1]",
  multiclass: "probabilities that sum to 1 a row",
  multilabel: "probabilities in [0, 1]",
  regression: "finite numbers",
};

/** The contract in short, beside the form where it is needed. */
export function FileRules({ competition }: { competition: Competition }) {
  const { slug, id_column: idColumn, classes } = competition;
  const command = `stackyard upload ${slug} --name NAME --oof NAME_oof.csv --test NAME_test.csv`;
  return (
    <aside className={`panel panel-body stack ${styles.rules}`} aria-label="What a file must hold">
      <h2>What a file must hold</h2>
      <dl>
        <dt>Columns, in any order</dt>
        <dd className={styles.columns}>
          <code>{idColumn}</code>
          {classes.map((name) => (
            <code key={name}>{name}</code>
          ))}
        </dd>
        <dt>Values</dt>
        <dd>{VALUES[competition.task]}</dd>
        <dt>Out-of-fold rows</dt>
        <dd>exactly the {formatCount(competition.train_rows)} train ids, or one fold's</dd>
        <dt>Test rows</dt>
        <dd>exactly the {formatCount(competition.test_rows)} test ids</dd>
        <dt>Formats</dt>
        <dd>CSV (also .gz, .zst), Parquet, .npz with ids</dd>
      </dl>
      <p className="small">
        <Link href={`/competitions/${slug}/contract`}>The whole contract and the folds</Link>
      </p>
      <div className={styles.command}>
        <h3>From a terminal</h3>
        <CopyButton text={command} />
        <pre>{command}</pre>
      </div>
    </aside>
  );
}
