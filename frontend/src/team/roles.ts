import type { Role, Token } from "../api/types";

export const ROLES: Role[] = ["reader", "member", "admin"];

/** The scopes a role's token can have, widest first. */
export const SCOPES: Record<Role, Token["scope"][]> = {
  reader: ["read"],
  member: ["upload", "read"],
  admin: ["admin", "upload", "read"],
};
