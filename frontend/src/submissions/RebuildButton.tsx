import { useRebuild } from "../api/submissions";
import { errorBody } from "../api/errors";

/** Computes the file again from its lineage and compares the bytes. */
export function RebuildButton({ id }: { id: number }) {
  const rebuild = useRebuild();
  if (rebuild.data && "identical" in rebuild.data) {
    return (
      <span className="small" role="status" title={rebuild.data.checks.join("\n")} style={{ color: "var(--good)", whiteSpace: "nowrap" }}>
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
        {rebuild.isPending ? "Rebuilding …" : rebuild.data ? "Not done yet, ask again" : "Rebuild"}
      </button>
      {rebuild.error && (
        <span className="small" role="alert" style={{ color: "var(--bad)" }}>
          {errorBody(rebuild.error).error}: {errorBody(rebuild.error).detail}
        </span>
      )}
    </>
  );
}
