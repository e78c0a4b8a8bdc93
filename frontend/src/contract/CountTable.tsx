import type { FoldReport } from "../api/types";
import { formatCount } from "../ui/format";

/** The histogram's numbers: for readers without the picture, and for looking up. */
export function CountTable({ report }: { report: FoldReport }) {
  return (
    <details>
      <summary>Numbers by class and fold</summary>
      <div className="scroll-x">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Class</th>
              {report.sizes.map((_, fold) => (
                <th key={fold} scope="col" className="number">
                  {fold}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.classes.map((name, row) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {(report.counts[row] ?? []).map((count, fold) => (
                  <td key={fold} className="number">
                    {formatCount(count)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
