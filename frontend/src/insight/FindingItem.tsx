import { Link } from "wouter";
import type { Finding, InsightModel } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import styles from "./Insight.module.css";
import { FINDINGS } from "./words";

export function FindingItem({ finding, models }: { finding: Finding; models: InsightModel[] }) {
  const link = usePredictionLink();
  const concerned = models.filter((model) => finding.models.includes(model.id));
  return (
    <li className={styles[finding.severity]}>
      <p className={styles.head}>
        <strong>{FINDINGS[finding.kind] ?? finding.kind}</strong>
        <span className="soft">{finding.severity}</span>
        {concerned.map((model) => (
          <Link key={model.id} href={link(model.id)}>
            {model.name}
          </Link>
        ))}
      </p>
      <p>{finding.sentence}</p>
      <details>
        <summary className="small">Numbers</summary>
        <Numbers numbers={finding.numbers} />
      </details>
    </li>
  );
}

/** What the sentence says, by name and in full; lists of like things as a table. */
function Numbers({ numbers }: { numbers: Finding["numbers"] }) {
  const entries = Object.entries(numbers);
  return (
    <>
      <dl className={styles.numbers}>
        {entries
          .filter(([, value]) => !isRows(value))
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd>{tell(value)}</dd>
            </div>
          ))}
      </dl>
      {entries.map(([name, value]) => isRows(value) && <Rows key={name} rows={value} />)}
    </>
  );
}

type Row = Record<string, unknown>;
const isRows = (value: unknown): value is Row[] => Array.isArray(value) && value.every((it) => typeof it === "object" && it !== null);

function Rows({ rows }: { rows: Row[] }) {
  const columns = Object.keys(rows[0] ?? {});
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column.replaceAll("_", " ")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {columns.map((column) => (
                <td key={column}>{tell(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function tell(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return Array.isArray(value) ? value.map(tell).join(", ") : String(value);
}
