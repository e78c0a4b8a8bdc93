/** Who is asking, the team and its members, invitations, tokens. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { fetchJson, forgetAnswers, sendJson } from "./client";
import { ApiError, Unreachable } from "./errors";
import { keyOf, useFixed, usePolled } from "./polling";
import type { AuditEvent, Invitation, InvitationOffer, Me, Member, NewToken, Role, Scope, Token } from "./types";

/** The person at the keyboard; null when nobody is logged in. */
export function useMe() {
  return useQuery<Me | null>({
    queryKey: keyOf("/me"),
    queryFn: async ({ signal }) => {
      try {
        return await fetchJson<Me>("/me", signal);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
    retry: (_count, error) => error instanceof Unreachable,
  });
}

function enterAs(client: QueryClient, me: Me | null): void {
  forgetAnswers();
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
  client.setQueryData(keyOf("/me"), me);
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (form: { username: string; password: string }) => sendJson<Me>("POST", "/auth/login", form),
    onSuccess: (me) => enterAs(client, me),
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({ mutationFn: async () => sendJson("POST", "/auth/logout"), onSuccess: () => enterAs(client, null) });
}

export function useSwitchTeam() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (team: string) => sendJson<Me>("POST", "/auth/team", { team }),
    onSuccess: (me) => enterAs(client, me),
  });
}

export const useOffer = (secret: string) => useFixed<InvitationOffer>(`/invitations/by-link/${encodeURIComponent(secret)}`);

export function useAcceptOffer(secret: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (form: { username: string; password: string }) =>
      sendJson<Me>("POST", `/invitations/by-link/${encodeURIComponent(secret)}/accept`, form),
    onSuccess: (me) => enterAs(client, me),
  });
}

export const useMembers = () => usePolled<Member[]>("/members");
export const useInvitations = (asked: boolean) => usePolled<Invitation[]>(asked ? "/invitations" : null);
export const useTokens = () => usePolled<Token[]>("/tokens");
export const useAudit = (asked: boolean) => usePolled<AuditEvent[]>(asked ? "/audit?limit=50" : null);

/** A change to the team; afterwards all that the team page shows is asked again. */
function useTeamChange<Input, Output = void>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await Promise.all(["/members", "/invitations", "/tokens", "/audit", "/me"].map((path) => client.invalidateQueries({ queryKey: keyOf(path) })));
    },
  });
}

export const useSetRole = () =>
  useTeamChange(async ({ user, role }: { user: string; role: Role }) => sendJson("PATCH", `/members/${encodeURIComponent(user)}`, { role }));
export const useRemoveMember = () => useTeamChange(async (user: string) => sendJson("DELETE", `/members/${encodeURIComponent(user)}`));
export const useInvite = () => useTeamChange(async (role: Role) => sendJson<Invitation>("POST", "/invitations", { role }));
export const useWithdraw = () => useTeamChange(async (id: Invitation["id"]) => sendJson("DELETE", `/invitations/${id}`));
export const useMakeToken = () =>
  useTeamChange(async (form: { label: string; scope: Scope; days?: number }) => sendJson<NewToken>("POST", "/tokens", form));
export const useRevokeToken = () => useTeamChange(async (id: Token["id"]) => sendJson("DELETE", `/tokens/${id}`));
