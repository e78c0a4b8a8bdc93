import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Unreachable } from "../api/errors";
import { ErrorPanel } from "./ErrorPanel";
import { Loading } from "./Notice";

interface Props<T> {
  query: UseQueryResult<T>;
  what: string;
  children: (answer: T) => ReactNode;
}

/** An answer once it is there; until then what is awaited, or why it did not come. The last answer stays while the server is away. */
export function Asked<T>({ query, what, children }: Props<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error && !(query.error instanceof Unreachable)) {
    return (
      <div className="panel-body">
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  return <Loading what={what} />;
}
