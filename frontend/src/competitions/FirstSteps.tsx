import { Link } from "wouter";
import { useCurrentMember } from "../shell/me";
import { CopyButton } from "../ui/CopyButton";
import { EmptyState } from "../ui/Notice";

const SPEC = `slug = "spooky"
name = "Spooky Author Identification"
task = "multiclass"               # binary | multiclass | multilabel | regression
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"              # beside this file
label_column = "author"
sample_submission = "sample_submission.csv"
submissions_per_day = 5
[folds]
count = 10
seed = 0`;

/** What to do before there is any competition. */
export function FirstSteps() {
  const me = useCurrentMember();
  return (
    <EmptyState title="No competition yet">
      {me.may("admin") ? (
        <>
          <p>
            Describe it in a file <code>SPEC.toml</code> beside the label file and the sample submission:
          </p>
          <pre>{SPEC}</pre>
          <p>Then create it from a terminal; the folds are made once and shared by everyone:</p>
          <Command text={`stackyard login ${window.location.origin} --token …`} />
          <Command text="stackyard competition create SPEC.toml" />
          <p className="small">
            A token is made on the <Link href="/team">team page</Link>.
          </p>
        </>
      ) : (
        <p>
          An admin of {me.team_name} creates one with <code>stackyard competition create SPEC.toml</code>.
        </p>
      )}
    </EmptyState>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className="row">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}
