"""A member's own tokens."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import Scope, Token
from stackyard.accounts.queries import TOKEN_ID_LENGTH, token_named, tokens_of
from stackyard.accounts.ranks import scope_reaches
from stackyard.accounts.services import TOKEN_DAYS, issue_token, revoke_token
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.permissions import READ
from stackyard.api.views import MemberRequest, MemberView
from stackyard.errors import ScopeTooNarrow


class TokenForm(Form):
    label = serializers.CharField(max_length=80)
    scope = serializers.ChoiceField(Scope.choices)
    days = serializers.IntegerField(min_value=1, max_value=366, default=TOKEN_DAYS)


class TokenAnswer(Answer):
    id = serializers.CharField()
    label = serializers.CharField()
    scope = serializers.ChoiceField(Scope.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenAnswer(TokenAnswer):
    token = serializers.CharField(help_text="The secret; shown this once.")


class TokenList(MemberView):
    """The tokens that the member has in this team."""

    # Making one is open to all, since a token never does more, nor lives longer, than what it was made with.
    needs = {"GET": READ, "POST": READ}

    @extend_schema(operation_id="listTokens", responses=TokenAnswer(many=True))
    def get(self, request: MemberRequest) -> Response:
        return Response([describe_token(token) for token in tokens_of(request.membership)])

    @extend_schema(operation_id="issueToken", request=TokenForm, responses={201: NewTokenAnswer})
    def post(self, request: MemberRequest) -> Response:
        form = parse(TokenForm, request.data)
        check_scope(request, form["scope"])
        ends = request.auth.expiry if request.auth else None
        token, secret = issue_token(request.membership, form["scope"], form["days"], form["label"], no_later_than=ends)
        return Response({**describe_token(token), "token": secret}, status=status.HTTP_201_CREATED)


class TokenDetail(MemberView):
    """One token: its end."""

    needs = {"DELETE": READ}

    @extend_schema(operation_id="revokeToken", responses={204: None})
    def delete(self, request: MemberRequest, token_id: str) -> Response:
        token = token_named(request.membership, token_id)
        check_scope(request, token.scope)
        revoke_token(token, request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def check_scope(request: MemberRequest, scope: str) -> None:
    """Raise ScopeTooNarrow where a token reaches for a wider one. A session is as wide as its member, whom the service checks."""
    if request.auth is not None and not scope_reaches(request.scope, scope):
        raise ScopeTooNarrow(f"expected a token with scope {scope} or wider, got {request.scope}")


def describe_token(token: Token) -> dict[str, Any]:
    """Return a token as the API shows it, without its secret."""
    return {
        "id": token.digest[:TOKEN_ID_LENGTH],
        "label": token.label,
        "scope": token.scope,
        "created_at": token.created,
        "expires_at": token.expiry,
        "last_used_at": token.last_used_at,
    }
