/** Reading what changes: every 2 s while something is in work, else every 15 s and when the window is looked at again. */
import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { fetchJson, forgetAnswers } from "./client";
import { ApiError, Unreachable } from "./errors";

const BUSY_MILLISECONDS = 2_000;
const CALM_MILLISECONDS = 15_000;

export function makeQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // A laptop without internet may well run the server itself: ask anyway.
        networkMode: "always",
        retry: (count, error) => error instanceof Unreachable && count < 2,
        retryDelay: BUSY_MILLISECONDS,
        staleTime: 1_000,
      },
      mutations: { networkMode: "always", onError: (error) => noteLoggedOut(client, error) },
    },
  });
  client.getQueryCache().config.onError = (error) => noteLoggedOut(client, error);
  return client;
}

function noteLoggedOut(client: QueryClient, error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 401) return;
  forgetAnswers();
  client.setQueryData(keyOf("/me"), null);
}

/** The key of an address: its parts, so that all under `/competitions/spooky` can be asked again at once. */
export function keyOf(path: string): string[] {
  return path.split(/[/?]/).filter(Boolean);
}

/** Read an address again and again; `inWork` looks at the last answer. A null path asks nothing. */
export function usePolled<T>(path: string | null, inWork: (answer: T) => boolean = () => false): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: keyOf(path ?? "nothing"),
    queryFn: ({ signal }) => fetchJson<T>(path ?? "", signal),
    enabled: path !== null,
    refetchInterval: ({ state }) => {
      if (state.error && !(state.error instanceof Unreachable)) return false;
      const busy = state.error instanceof Unreachable || (state.data !== undefined && inWork(state.data));
      return busy ? BUSY_MILLISECONDS : CALM_MILLISECONDS;
    },
  });
}

/** Read what does not change while the page is open. */
export function useFixed<T>(path: string | null): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: keyOf(path ?? "nothing"),
    queryFn: ({ signal }) => fetchJson<T>(path ?? "", signal),
    enabled: path !== null,
    staleTime: 5 * 60_000,
    refetchOnWindowFocus: false,
  });
}

/** Read what changes only when the server makes it anew; meanwhile the last answer stays. `made`: when that was. */
export function useMade<T>(path: string, made: string): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [...keyOf(path), made],
    queryFn: ({ signal }) => fetchJson<T>(path, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}
