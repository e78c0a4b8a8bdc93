import type { Competition } from "../api/types";
import { useCurrentMember } from "../shell/me";
import { AcceptedCard } from "./AcceptedCard";
import { DraftForm } from "./DraftForm";
import { useDrafts } from "./drafts";
import { DropZone } from "./DropZone";
import { FileRules } from "./FileRules";
import { sendDraft } from "./send";
import styles from "./UploadTab.module.css";

export function UploadTab({ competition }: { competition: Competition }) {
  const me = useCurrentMember();
  const drafts = useDrafts(competition.slug);
  const ready = drafts.filter((draft) => draft.sent.phase === "editing" && draft.oof && draft.name.trim());
  return (
    <div className={styles.columns}>
      <div className="stack">
        {!me.may("member") && <p className="soft">You are a reader of this team: uploading takes a member.</p>}
        <DropZone slug={competition.slug} />
        {drafts.map((draft) =>
          draft.sent.phase === "accepted" ? (
            <AcceptedCard key={draft.key} slug={competition.slug} draft={draft} sent={draft.sent} />
          ) : (
            <DraftForm key={draft.key} competition={competition} draft={draft} alone={drafts.length === 1} />
          ),
        )}
        {ready.length > 1 && (
          <div>
            <button type="button" className="button-main" onClick={() => ready.forEach((draft) => void sendDraft(competition.slug, draft))}>
              Upload all {ready.length}
            </button>
          </div>
        )}
      </div>
      <FileRules competition={competition} />
    </div>
  );
}
