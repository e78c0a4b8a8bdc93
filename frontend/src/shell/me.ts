import { createContext, useContext } from "react";
import type { Me, Role } from "../api/types";

export const MeContext = createContext<Me | null>(null);

const ORDER: Role[] = ["reader", "member", "admin"];

/** The person at the keyboard; only below a login. */
export function useCurrentMember(): Me & { may: (role: Role) => boolean } {
  const me = useContext(MeContext);
  if (!me) throw new Error("expected a page below the login, got one outside");
  // Only what is offered depends on this: what is allowed is the server's to say.
  return { ...me, may: (role) => ORDER.indexOf(me.role) >= ORDER.indexOf(role) };
}
