"""Who asks: a token bound to one membership, or a browser's session."""

from typing import Any

from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.authentication import CSRFCheck, SessionAuthentication
from rest_framework.request import Request

from stackyard.accounts.models import Membership, Role, Scope, Token, User
from stackyard.accounts.queries import membership_for, token_of_secret
from stackyard.accounts.ranks import WIDEST_SCOPE
from stackyard.accounts.services import note_use
from stackyard.errors import CsrfFailed, NotLoggedIn

TEAM_KEY = "team"


class TokenLogin(TokenAuthentication):
    """`Authorization: Token <secret>`; knox reads the header and hashes, the row says which member and what scope."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Return the token's user; None where no token came, so that the session is asked next."""
        found: tuple[User, Token] | None = super().authenticate(request)
        if found is not None:
            token = found[1]
            attach(request, token.membership, Scope(token.scope))
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, Token]:
        """Look the secret up by its digest; raise NotLoggedIn where it opens nothing (any more)."""
        row = token_of_secret(token.decode("ascii", errors="replace"))
        now = timezone.now()
        if row is None:
            raise NotLoggedIn("expected a token that is in force, got one that is unknown or revoked")
        if row.expiry is not None and row.expiry <= now:
            raise NotLoggedIn(f"expected a token that is in force, got one that expired on {row.expiry:%Y-%m-%d %H:%M} UTC")
        if not row.user.is_active:
            raise NotLoggedIn(f"expected an active user, got {row.user.username}, who is not")
        note_use(row, now)
        return row.user, row


class SessionLogin(SessionAuthentication):
    """The browser's cookie; what changes anything needs the CSRF token too."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the session's user in their active team; None without a session."""
        user = getattr(request._request, "user", None)
        if user is None or not user.is_active:
            return None
        self.enforce_csrf(request)
        membership = membership_for(user, request._request.session.get(TEAM_KEY))
        if membership is None:
            raise NotLoggedIn(f"expected a member of a team, got {user.username}, who is in none")
        attach(request, membership, WIDEST_SCOPE[Role(membership.role)])
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        """Raise CsrfFailed for a change that another site could have sent."""
        check = CSRFCheck(lambda _: None)
        check.process_request(request)
        reason = check.process_view(request, None, (), {})
        if reason:
            raise CsrfFailed(f"expected the cookie csrftoken and the same value as header X-CSRFToken, got: {reason}")


def attach(request: Any, membership: Membership, scope: Scope) -> None:
    """Put the member beside the request, where permissions and views look."""
    request.membership = membership
    request.scope = scope
