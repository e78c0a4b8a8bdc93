import { errorBody } from "../api/errors";
import type { ErrorBody } from "../api/types";
import { formatCount } from "./format";
import styles from "./ErrorPanel.module.css";

/** Named errors as the server told them: code, sentence, and the first rows to blame. */
export function ErrorList({ errors }: { errors: ErrorBody[] }) {
  return (
    <div className={styles.list} role="alert">
      {errors.map((error, index) => (
        <ErrorItem key={index} error={error} />
      ))}
    </div>
  );
}

/** Whatever a request failed with. */
export function ErrorPanel({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="stack">
      <ErrorList errors={[errorBody(error)]} />
      {onRetry && (
        <div>
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

function ErrorItem({ error }: { error: ErrorBody }) {
  return (
    <section className={styles.item}>
      <h3>
        <span className={styles.code}>{error.error}</span>
        {error.file && ` in the ${error.file} file`}
      </h3>
      <p>{error.detail}</p>
      {error.rows.length > 0 && <Rows error={error} />}
    </section>
  );
}

function Rows({ error }: { error: ErrorBody }) {
  const named = [...new Set(error.rows.flatMap((row) => Object.keys(row)))];
  // A missing id has no row, a missing column no value: what no row tells is no column.
  const columns = named.filter((column) => error.rows.some((row) => row[column] !== null && row[column] !== undefined));
  return (
    <div className="scroll-x">
      <table className={styles.rows}>
        {error.count > error.rows.length && (
          <caption>
            The first {error.rows.length} of {formatCount(error.count)}
          </caption>
        )}
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {error.rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>{showCell(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function showCell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (value === "") return "(empty)";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
