"""What all views share: members are let in, answers are JSON, and a caller may wait for an outcome."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse
from django.utils.cache import patch_cache_control
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from stackyard.accounts.models import Membership, Scope, Token
from stackyard.api.authentication import SessionLogin, TokenLogin
from stackyard.api.permissions import DenyUnlessDeclared, Needs, declared_method

LONGEST_WAIT_SECONDS = 30
PAUSE_SECONDS = 0.1

Found = TypeVar("Found")


class MemberRequest(Request):
    """What a view may rely on once a member has been let in."""

    membership: Membership
    scope: Scope
    auth: Token | None


class AnyAccept(DefaultContentNegotiation):
    """The address says what comes back, so neither Accept nor ?format= turns a caller away."""

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first."""
        return renderers[0], renderers[0].media_type


class MemberView(APIView):
    """A view that lets in whom it declares: `needs` by method, `public` for those that need nobody."""

    needs: Needs = {}
    public: frozenset[str] | set[str] = frozenset()
    # Named here too, so that no second base class can bring gentler ones.
    authentication_classes = [TokenLogin, SessionLogin]
    permission_classes = [DenyUnlessDeclared]
    content_negotiation_class = AnyAccept

    @property
    def allowed_methods(self) -> list[str]:
        """What the header Allow names: what is declared."""
        return sorted({*self.needs, *self.public})

    def get_authenticators(self) -> list[Any]:
        """Ask nobody who they are at a public door: a stale cookie must not keep anyone from logging in."""
        method = getattr(self.request, "method", None)
        if method is not None and declared_method(self, method) in self.public:
            return []
        return super().get_authenticators()

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let browsers keep an answer only to ask whether it is still true (the ETag middleware answers 304)."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


def wait_preferred(request: Request) -> float:
    """Return the seconds that `Prefer: wait=N` asks for, at most 30; 0 without it (RFC 7240)."""
    match = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})", request.headers.get("Prefer", ""))
    return float(min(int(match[1]), LONGEST_WAIT_SECONDS)) if match else 0.0


def await_outcome(fetch: Callable[[], Found], is_done: Callable[[Found], bool], seconds: float) -> Found:
    """Fetch until it is done or the seconds are over; return what was fetched last.

    >>> states = iter(["receiving", "receiving", "scored"])
    >>> await_outcome(lambda: next(states), lambda state: state == "scored", seconds=5)
    'scored'
    """
    until = time.monotonic() + seconds
    found = fetch()
    while not is_done(found) and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
        found = fetch()
    return found
