import { Link } from "wouter";
import { fileLink } from "../api/submissions";
import type { Competition, Submission } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { useCurrentMember } from "../shell/me";
import { Age } from "../ui/Age";
import { formatCount, formatScore, shortDigest } from "../ui/format";
import { StateBadge } from "../ui/StateBadge";
import { RebuildButton } from "./RebuildButton";
import { ResultCell } from "./ResultCell";

export function SubmissionTable({ competition, rows }: { competition: Competition; rows: Submission[] }) {
  return (
    <div className="panel scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col" className="number">
              No.
            </th>
            <th scope="col">Prediction</th>
            <th scope="col" className="number">
              CV
            </th>
            <th scope="col" className="number">
              Public
            </th>
            <th scope="col" className="number">
              Private
            </th>
            <th scope="col">Note</th>
            <th scope="col" className="wide-only">
              Made
            </th>
            <th scope="col">File</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <SubmissionRow key={row.id} slug={competition.slug} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SubmissionRow({ slug, row }: { slug: string; row: Submission }) {
  const link = usePredictionLink();
  const mayWrite = useCurrentMember().may("member");
  return (
    <tr>
      <td className="number">{row.number}</td>
      <td>
        <Link href={link(row.prediction.id)}>{row.prediction.name}</Link>{" "}
        <span className="muted small">
          v{row.prediction.version}, {row.prediction.owner}
        </span>
      </td>
      <td className="number">{formatScore(row.prediction.score)}</td>
      <td className="number">
        <ResultCell slug={slug} row={row} field="public_score" label={`Public score of ${row.number}`} mayWrite={mayWrite} />
      </td>
      <td className="number">
        <ResultCell slug={slug} row={row} field="private_score" label={`Private score of ${row.number}`} mayWrite={mayWrite} />
      </td>
      <td>
        <ResultCell slug={slug} row={row} field="note" label={`Note on ${row.number}`} mayWrite={mayWrite} />
      </td>
      <td className="wide-only">
        <Age at={row.created_at} /> <span className="muted small">by {row.owner}</span>
      </td>
      <td>
        <span className="row" style={{ flexWrap: "nowrap" }}>
          {row.state === "built" ? <FileLinks row={row} mayWrite={mayWrite} /> : <StateBadge state={row.state} />}
          {row.error.detail && <span className="small">{row.error.detail}</span>}
        </span>
      </td>
    </tr>
  );
}

function FileLinks({ row, mayWrite }: { row: Submission; mayWrite: boolean }) {
  return (
    <>
      <a href={fileLink(row.id)} download title={`${formatCount(row.rows)} rows, sha256 ${row.digest}`}>
        .csv
      </a>
      <code className="muted small wide-only" title={row.digest}>
        {shortDigest(row.digest)}
      </code>
      {mayWrite && <RebuildButton id={row.id} />}
    </>
  );
}
