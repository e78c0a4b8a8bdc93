import { useState } from "react";
import { useEnsembles } from "../api/ensembles";
import type { Competition } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { Asked } from "../ui/Asked";
import { EmptyState } from "../ui/Notice";
import { EnsembleCard } from "./EnsembleCard";
import { StartForm } from "./StartForm";

export function EnsemblesTab({ competition }: { competition: Competition }) {
  const me = useCurrentMember();
  const ensembles = useEnsembles(competition.slug);
  const [starting, setStarting] = useState(false);
  return (
    <section className="stack" aria-label="Ensembles">
      <div className="spread">
        <p className="soft">Level-2 models on everyone's out-of-fold predictions, then a blend. Nested scores are the honest ones.</p>
        {me.may("admin") && !starting && (
          <button type="button" className="button-main" onClick={() => setStarting(true)}>
            New ensemble
          </button>
        )}
      </div>
      {starting && <StartForm competition={competition} onClose={() => setStarting(false)} />}
      <Asked query={ensembles} what="ensembles">
        {(rows) =>
          rows.length === 0 ? (
            <div className="panel">
              <EmptyState title="No ensemble yet">
                <p>
                  An admin starts one here or with <code>stackyard ensemble {competition.slug}</code>; it takes every scored prediction of level 1 unless
                  told otherwise.
                </p>
              </EmptyState>
            </div>
          ) : (
            rows.map((ensemble) => <EnsembleCard key={ensemble.id} competition={competition} ensemble={ensemble} />)
          )
        }
      </Asked>
    </section>
  );
}
