import { formatAge, formatDate } from "./format";
import { useNow } from "./time";

export function Age({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatDate(at)} className="muted" style={{ whiteSpace: "nowrap" }}>
      {formatAge(at, now)}
    </time>
  );
}
