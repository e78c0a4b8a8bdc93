import { useLocation } from "wouter";
import { valuesLink } from "../api/competitions";
import { useSubmit } from "../api/submissions";
import type { Competition, Prediction } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { ErrorPanel } from "../ui/ErrorPanel";

/** What one can do with a scored prediction. */
export function PredictionActions({ competition, prediction }: { competition: Competition; prediction: Prediction }) {
  const me = useCurrentMember();
  const submit = useSubmit(competition.slug);
  const [, navigate] = useLocation();
  if (prediction.state !== "scored") return null;
  const send = () => submit.mutate({ prediction: prediction.id }, { onSuccess: () => navigate(`/competitions/${competition.slug}/submissions`) });
  return (
    <div className="stack">
      <div className="row">
        {me.may("member") && prediction.has_test && (
          <button type="button" className="button-main" disabled={submit.isPending} onClick={send}>
            {submit.isPending ? "Making the file …" : "Make a submission"}
          </button>
        )}
        <a className="button" href={valuesLink(prediction.id, "oof")} download>
          OOF .csv
        </a>
        <a className="button" href={valuesLink(prediction.id, "oof", true)} download>
          .npy
        </a>
        {prediction.has_test && (
          <a className="button" href={valuesLink(prediction.id, "test")} download>
            Test .csv
          </a>
        )}
      </div>
      {!prediction.has_test && <p className="small muted">No test predictions came with it, so nothing can be submitted from it.</p>}
      {submit.error && <ErrorPanel error={submit.error} />}
    </div>
  );
}
