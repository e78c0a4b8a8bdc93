"""Every failure leaves as JSON with a code of `stackyard.errors`; what nobody foresaw is logged here and told to nobody."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseServerError, JsonResponse
from kombu.exceptions import OperationalError as BrokerDown
from rest_framework import exceptions as drf
from rest_framework.response import Response

from stackyard.errors import (
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    NotLoggedIn,
    RoleTooLow,
    ServerFault,
    ServiceUnavailable,
    StackyardError,
    TooLarge,
    TooManyAttempts,
    UnsupportedMediaType,
)

log = logging.getLogger(__name__)
API = "/api/"


def answer_error(exc: Exception, context: dict[str, Any]) -> Response:
    """Turn whatever a view raised into an answer (REST framework calls this)."""
    request = context.get("request")
    error = name_error(exc, getattr(request, "method", "?"), getattr(request, "path", "?"))
    headers = {"WWW-Authenticate": "Token"} if error.status == 401 else {}
    return Response(error.as_json(), status=error.status, headers=headers)


def name_error(exc: Exception, method: str, path: str) -> StackyardError:
    """Return the named error that a caller should see; log what the server is to blame for."""
    if isinstance(exc, StackyardError):
        error = exc
    else:
        error = next((translate(exc) for kind, translate in TRANSLATIONS.items() if isinstance(exc, kind)), None) or _fault()
    if error.status >= 500:
        log.error("%s %s: %s", method, path, error.code, exc_info=exc)
    return error


def answer_unknown(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that no route knows (Django's handler404)."""
    if request.path.startswith(API):
        error = NotFound(f"expected an address of the API, got {request.path}")
        return JsonResponse(error.as_json(), status=error.status)
    return HttpResponseNotFound("Not found.", content_type="text/plain")


def answer_fault(request: HttpRequest) -> HttpResponse:
    """Answer a failure outside REST framework (Django's handler500, which has logged it)."""
    if request.path.startswith(API):
        return JsonResponse(_fault().as_json(), status=ServerFault.status)
    return HttpResponseServerError("The server failed; its log knows more.", content_type="text/plain")


def answer_lockout(request: HttpRequest, *_: object) -> HttpResponse:
    """Answer a login after too many failed ones (django-axes calls this)."""
    error = TooManyAttempts("expected fewer failed logins, got too many in a row; try again in some minutes")
    return JsonResponse(error.as_json(), status=error.status)


def rows_of(detail: Any, field: str = "") -> list[dict[str, str]]:
    """Flatten REST framework's nested messages into rows.

    >>> rows_of({"oof": {"blob": ["This field is required."]}})
    [{'field': 'oof.blob', 'problem': 'This field is required.'}]
    """
    if isinstance(detail, dict):
        return [row for key, inner in detail.items() for row in rows_of(inner, _join(field, str(key)))]
    if isinstance(detail, list):
        nested = any(isinstance(inner, dict | list) for inner in detail)
        return [row for i, inner in enumerate(detail) for row in rows_of(inner, _join(field, str(i)) if nested else field)]
    return [{"field": field, "problem": str(detail)}]


def invalid_request(exc: drf.ValidationError) -> InvalidRequest:
    """Name the fields that did not pass."""
    rows = rows_of(exc.detail)
    first = f"{rows[0]['field']}: {rows[0]['problem']}" if rows else "nothing"
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    return InvalidRequest(f"expected fields that fit, got {first}{more}", rows)


def _join(field: str, key: str) -> str:
    if key == "non_field_errors":
        return field
    return f"{field}.{key}" if field else key


def _fault() -> ServerFault:
    return ServerFault("the server failed in a way it has no name for; its log knows more")


TRANSLATIONS: dict[type[Exception], Callable[[Any], StackyardError]] = {
    drf.ValidationError: invalid_request,
    drf.ParseError: lambda exc: InvalidRequest(f"expected a body that can be read, got: {exc.detail}"),
    drf.UnsupportedMediaType: lambda exc: UnsupportedMediaType(f"expected another Content-Type, got: {exc.detail}"),
    drf.MethodNotAllowed: lambda exc: MethodNotAllowed(f"expected another method, got: {exc.detail}"),
    drf.NotAuthenticated: lambda exc: NotLoggedIn(f"expected a token or a session, got: {exc.detail}"),
    drf.AuthenticationFailed: lambda exc: NotLoggedIn(f"expected a token that is in force, got: {exc.detail}"),
    drf.PermissionDenied: lambda exc: RoleTooLow(f"expected a member who may do this, got: {exc.detail}"),
    drf.NotFound: lambda exc: NotFound(f"expected something of your team, got: {exc.detail}"),
    drf.Throttled: lambda exc: TooManyAttempts(f"expected fewer requests, got: {exc.detail}"),
    drf.APIException: lambda exc: InvalidRequest(f"expected another request, got: {exc.detail}") if exc.status_code < 500 else _fault(),
    Http404: lambda exc: NotFound(f"expected something of your team, got: {exc or 'nothing'}"),
    PermissionDenied: lambda _: RoleTooLow("expected a member who may do this"),
    RequestDataTooBig: lambda exc: TooLarge(f"expected a smaller body, got: {exc}"),
    SuspiciousOperation: lambda _: InvalidRequest("expected a well-formed request"),
    OperationalError: lambda _: ServiceUnavailable("the database does not answer; try again"),
    InterfaceError: lambda _: ServiceUnavailable("the database does not answer; try again"),
    BrokerDown: lambda _: ServiceUnavailable("the queue does not answer; try again"),
}
