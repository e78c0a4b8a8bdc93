import { isPermuting, usePermuteLabels } from "../api/ensembles";
import { readFailure } from "../api/errors";
import type { Competition, Ensemble } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { ErrorList, ErrorPanel } from "../ui/ErrorPanel";
import { formatScore, plural } from "../ui/format";
import styles from "./EnsembleCard.module.css";
import { RunProgress } from "./RunProgress";

interface Props {
  competition: Competition;
  ensemble: Ensemble;
}

/** Would this recipe find signal in noise? What came of asking, and for admins the way to ask. */
export function PermutedLine({ competition, ensemble }: Props) {
  const me = useCurrentMember();
  const permute = usePermuteLabels(competition.slug);
  const { permuted } = ensemble;
  if (permuted && isPermuting(ensemble)) return <RunProgress progress={permuted.progress} />;
  if (!permuted && !me.may("admin")) return null;
  return (
    <div className="stack">
      <p className="small">
        {permuted?.verdict && <Verdict permuted={permuted} />}
        {me.may("admin") && (
          <button type="button" className={`button ${styles.try}`} disabled={permute.isPending} onClick={() => permute.mutate(ensemble.id)}>
            {permuted ? "Try permuted labels again" : "Would it find signal in noise? Try it on permuted labels"}
          </button>
        )}
      </p>
      {permuted?.state === "failed" && <ErrorList errors={[readFailure(permuted.error)]} />}
      {permute.error && <ErrorPanel error={permute.error} />}
    </div>
  );
}

function Verdict({ permuted }: { permuted: NonNullable<Ensemble["permuted"]> }) {
  const leaking = permuted.models.filter((model) => model.verdict !== "at chance").map((model) => model.name);
  return (
    <span className={leaking.length ? styles.leak : "muted"}>
      On permuted labels: <strong>{permuted.verdict}</strong>
      {leaking.length > 0 && ` (${leaking.join(", ")})`}. Blend {formatScore(permuted.score)}, chance {formatScore(permuted.chance)} ±{" "}
      {formatScore(permuted.sigma)} over {plural(permuted.runs, "permutation")}.{" "}
    </span>
  );
}
