"""The order of roles and scopes: each includes the ones before it."""

from stackyard.accounts.models import Role, Scope

ROLES = [Role.READER, Role.MEMBER, Role.ADMIN]
SCOPES = [Scope.READ, Scope.UPLOAD, Scope.ADMIN]

# What a session may do, and the widest token that a member may have.
WIDEST_SCOPE = {Role.READER: Scope.READ, Role.MEMBER: Scope.UPLOAD, Role.ADMIN: Scope.ADMIN}


def role_reaches(role: str, needed: str) -> bool:
    """Whether a member with `role` may do what `needed` may.

    >>> role_reaches("admin", "member"), role_reaches("reader", "member")
    (True, False)
    """
    return ROLES.index(Role(role)) >= ROLES.index(Role(needed))


def scope_reaches(scope: str, needed: str) -> bool:
    """Whether a token with `scope` may do what `needed` may.

    >>> scope_reaches("upload", "read"), scope_reaches("upload", "admin")
    (True, False)
    """
    return SCOPES.index(Scope(scope)) >= SCOPES.index(Scope(needed))
