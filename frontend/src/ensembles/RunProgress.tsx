import type { Ensemble } from "../api/types";
import { Meter } from "../ui/Meter";

export function RunProgress({ progress }: { progress: Ensemble["progress"] }) {
  const { done, total, sentence } = progress;
  const known = total > 0;
  return (
    <div className="stack" style={{ gap: 4 }}>
      <Meter label="Progress" share={known ? done / total : null} />
      <p className="small soft" role="status">
        {known && `${done} of ${total}: `}
        {sentence}
      </p>
    </div>
  );
}
