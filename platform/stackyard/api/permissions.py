"""What a member may do: each view declares it for each method, and what is not declared is denied."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from stackyard.accounts.models import Membership, Role, Scope
from stackyard.accounts.ranks import role_reaches, scope_reaches
from stackyard.errors import MethodNotAllowed, NotLoggedIn, RoleTooLow, ScopeTooNarrow

Needs = dict[str, tuple[Role, Scope]]

READ = (Role.READER, Scope.READ)
UPLOAD = (Role.MEMBER, Scope.UPLOAD)
ADMINISTER = (Role.ADMIN, Scope.ADMIN)


def declared_method(view: Any, method: str) -> str:
    """Return the method whose declaration counts: HEAD is GET without a body, unless the view says otherwise."""
    return "GET" if method == "HEAD" and "HEAD" not in view.needs else method


class DenyUnlessDeclared(BasePermission):
    """Reads `needs = {"GET": READ, "POST": UPLOAD}` and `public = {"POST"}` of the view; anything else is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise the error that says what was expected and what came."""
        method = declared_method(view, request.method)
        if method in view.public:
            return True
        if method not in view.needs:
            known = sorted({*view.needs, *view.public})
            raise MethodNotAllowed(f"expected one of {', '.join(known) or 'no methods'}, got {request.method}")
        check_needs(getattr(request, "membership", None), request, *view.needs[method])
        return True


def check_needs(membership: Membership | None, request: Request, role: Role, scope: Scope) -> None:
    """Raise NotLoggedIn, RoleTooLow or ScopeTooNarrow unless this member may, by role and by the token's scope."""
    if membership is None:
        raise NotLoggedIn("expected the header `Authorization: Token ...` or a session, got neither")
    if not role_reaches(membership.role, role):
        raise RoleTooLow(f"expected role {role} or higher in team {membership.team.slug}, got {membership.role}")
    if not scope_reaches(request.scope, scope):
        raise ScopeTooNarrow(f"expected a token with scope {scope} or wider, got {request.scope}")
