import { useSubmissions } from "../api/submissions";
import type { Competition } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { Asked } from "../ui/Asked";
import { EmptyState } from "../ui/Notice";
import { SubmissionTable } from "./SubmissionTable";
import { SubmitForm } from "./SubmitForm";

export function SubmissionsTab({ competition }: { competition: Competition }) {
  const me = useCurrentMember();
  const submissions = useSubmissions(competition.slug);
  return (
    <section className="stack" aria-label="Submissions">
      {me.may("member") && <SubmitForm competition={competition} />}
      <Asked query={submissions} what="submissions">
        {(rows) =>
          rows.length === 0 ? (
            <div className="panel">
              <EmptyState title="Nothing submitted yet">
                <p>
                  A submission is the file for the competition's host, in its own format and order, made from a scored prediction with test rows. Each can
                  be rebuilt byte for byte.
                </p>
                <pre>{`stackyard submit ${competition.slug} --from PREDICTION -o submission.csv`}</pre>
              </EmptyState>
            </div>
          ) : (
            <SubmissionTable competition={competition} rows={rows} />
          )
        }
      </Asked>
    </section>
  );
}
