import { contractLink, foldsLink, useFoldFigure, useFoldReport } from "../api/competitions";
import type { Competition, FoldReport } from "../api/types";
import { Asked } from "../ui/Asked";
import { CopyButton } from "../ui/CopyButton";
import { Drawn } from "../ui/Drawn";
import { formatCount } from "../ui/format";
import { Warnings } from "../ui/Notice";
import { ContractFacts } from "./ContractFacts";
import styles from "./ContractTab.module.css";
import { CountTable } from "./CountTable";

export function ContractTab({ competition }: { competition: Competition }) {
  const report = useFoldReport(competition.slug);
  return (
    <div className={styles.columns}>
      <section className="panel panel-body stack" aria-label="Folds">
        <Asked query={report} what="the fold report">
          {(it) => <Folds competition={competition} report={it} />}
        </Asked>
      </section>
      <section className="panel panel-body stack" aria-label="Contract">
        <div className="spread">
          <h2>Contract</h2>
          <a href={contractLink(competition.slug)} download={`${competition.slug}-contract.json`}>
            JSON with all ids
          </a>
        </div>
        <ContractFacts competition={competition} />
      </section>
    </div>
  );
}

function Folds({ competition, report }: { competition: Competition; report: FoldReport }) {
  const figure = useFoldFigure(competition.slug);
  const slug = competition.slug;
  return (
    <>
      <div className="spread">
        <h2>
          {report.count} folds{" "}
          <span className="muted">
            {report.made_by}
            {report.seed !== null && `, seed ${report.seed}`}
          </span>
        </h2>
        <div className="row">
          <a className="button" href={foldsLink(slug, "csv")} download={`${slug}-folds.csv`}>
            id, fold .csv
          </a>
          <a className="button" href={foldsLink(slug, "positions")} download={`${slug}-positions.json`}>
            Row positions .json
          </a>
          <a className="button" href={foldsLink(slug, "lists")} download={`${slug}-lists.json`}>
            Train and val ids .json
          </a>
        </div>
      </div>
      <p className={styles.digest}>
        <span className="muted">Digest</span> <code>{report.digest}</code> <CopyButton text={report.digest} />
      </p>
      <p className="soft small">
        Frozen and shared: predictions made on other folds are refused. Rows a fold: {report.sizes.map(formatCount).join(", ")}.
      </p>
      <Warnings sentences={[...new Set([...report.warnings, ...competition.warnings])]} />
      <Drawn query={figure} what="the histogram" label="Rows of each class by fold" />
      <CountTable report={report} />
    </>
  );
}
