import { Link } from "wouter";
import type { Competition, Ensemble } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { formatScore } from "../ui/format";
import { writeRecipe } from "./decision";
import styles from "./EnsembleCard.module.css";

/** The models of the second level, and what went in. */
export function MemberTable({ competition, ensemble }: { competition: Competition; ensemble: Ensemble }) {
  const link = usePredictionLink();
  return (
    <details className={styles.more}>
      <summary>
        {ensemble.members.length > 0 ? `${ensemble.members.length} models, ` : ""}
        {ensemble.inputs.length} inputs, recipe
      </summary>
      {ensemble.members.length > 0 && (
        <div className="scroll-x">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col" className="number">
                  Nested
                </th>
                <th scope="col" className="number">
                  In-sample
                </th>
                <th scope="col" className="number">
                  Weight
                </th>
              </tr>
            </thead>
            <tbody>
              {ensemble.members.map((member) => (
                <tr key={member.name}>
                  <td>
                    <Link href={link(member.prediction)}>{member.name}</Link>
                  </td>
                  <td className="number">{formatScore(member.score)}</td>
                  <td className="number muted">{formatScore(member.in_sample)}</td>
                  <td className="number">{formatScore(member.weight, 3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="small">
        Inputs:{" "}
        {ensemble.inputs.map((input, index) => (
          <span key={input.id}>
            {index > 0 && ", "}
            <Link href={link(input.id)}>{input.label}</Link>
          </span>
        ))}
      </p>
      <pre>{writeRecipe(ensemble.recipe, competition.classes)}</pre>
    </details>
  );
}
