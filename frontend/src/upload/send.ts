import { uploadPrediction } from "../api/upload";
import { changeDraft, someAreSending, type Draft } from "./drafts";

/** Send one form, and write into it how it goes; it goes on while other pages are looked at. */
export async function sendDraft(slug: string, draft: Draft): Promise<void> {
  const note = (sent: Draft["sent"]): void => changeDraft(slug, draft.key, { sent });
  note({ phase: "sending", share: 0 });
  try {
    const prediction = await uploadPrediction(slug, makeForm(draft), (share) => note({ phase: "sending", share }));
    note({ phase: "answered", prediction, fold: draft.fold === "" ? null : Number(draft.fold) });
  } catch (error) {
    note({ phase: "failed", error });
  }
}

function makeForm(draft: Draft): FormData {
  const form = new FormData();
  const texts = { name: draft.name.trim(), variant: draft.variant.trim(), fold: draft.fold, folds: draft.folds.trim(), recipe: draft.recipe.trim() };
  for (const [field, text] of Object.entries(texts)) if (text) form.append(field, text);
  if (draft.repeats !== "error") form.append("repeats", draft.repeats);
  if (draft.emptyTags !== "error") form.append("empty_tags", draft.emptyTags);
  if (draft.oof) form.append("oof", draft.oof, draft.oof.name);
  if (draft.test) form.append("test", draft.test, draft.test.name);
  return form;
}

// Closing the window would break off an upload: the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if (someAreSending()) event.preventDefault();
});
