import { useRebuild } from "../api/submissions";
import { errorBody } from "../api/errors";

/** Computes the file again from its lineage and compares the bytes. */
export function RebuildButton({ id }: { id: number }) {
  const rebuild = useRebuild();
  if (rebuild.isSuccess) {
    return (
      <span className="small" role="status" style={{ color: "var(--good)", whiteSpace: "nowrap" }}>
        same bytes
      </span>
    );
  }
  return (
    <>
      <button
        type="button"
        className="button-quiet"
        disabled={rebuild.isPending}
        title="Compute the file again from its lineage and compare the bytes"
        onClick={() => rebuild.mutate(id)}
      >
        {rebuild.isPending ? "Rebuilding …" : "Rebuild"}
      </button>
      {rebuild.error && (
        <span className="small" role="alert" style={{ color: "var(--bad)" }}>
          {errorBody(rebuild.error).error}: {errorBody(rebuild.error).detail}
        </span>
      )}
    </>
  );
}
