"""Whether the server lives, who is asking, and a browser's session."""

from datetime import datetime
from importlib.metadata import version
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.db import connection
from django.http import HttpRequest
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import Membership, Role, Scope, User
from stackyard.accounts.queries import find_user, member_of, memberships_of
from stackyard.accounts.ranks import WIDEST_SCOPE
from stackyard.accounts.services import record
from stackyard.api.authentication import TEAM_KEY
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.permissions import READ
from stackyard.api.views import MemberRequest, MemberView
from stackyard.errors import NotLoggedIn, TooManyAttempts, WrongState


class LoginForm(Form):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    team = serializers.SlugField(max_length=60, required=False)


class TeamForm(Form):
    team = serializers.SlugField(max_length=60)


class HealthAnswer(Answer):
    status = serializers.CharField()
    version = serializers.CharField()


class TeamAnswer(Answer):
    team = serializers.SlugField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)


class MeAnswer(Answer):
    user = serializers.CharField()
    team = serializers.SlugField()
    team_name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    scope = serializers.ChoiceField(Scope.choices)
    teams = TeamAnswer(many=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class Health(MemberView):
    """Whether the server and its database answer."""

    public = {"GET"}

    @extend_schema(operation_id="showHealth", responses=HealthAnswer)
    def get(self, request: MemberRequest) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Response({"status": "ok", "version": version("stackyard")})


class Login(MemberView):
    """Begin a browser's session."""

    public = {"POST"}

    @extend_schema(operation_id="login", request=LoginForm, responses=MeAnswer)
    def post(self, request: MemberRequest) -> Response:
        form = parse(LoginForm, request.data)
        user = check_password(request._request, form["username"], form["password"])
        return Response(begin_session(request._request, member_of(user, form.get("team"))))


class Logout(MemberView):
    """End the browser's session."""

    needs = {"POST": READ}

    @extend_schema(operation_id="logout", request=None, responses={204: None})
    def post(self, request: MemberRequest) -> Response:
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Me(MemberView):
    """Who is asking, in which team, and what they may do; gives a browser its CSRF cookie."""

    needs = {"GET": READ}

    @extend_schema(operation_id="showMe", responses=MeAnswer)
    def get(self, request: MemberRequest) -> Response:
        get_token(request._request)
        expires_at = request.auth.expiry if request.auth else request._request.session.get_expiry_date()
        return Response(describe_me(request.membership, request.scope, expires_at))


class ActiveTeam(MemberView):
    """Change the team that the browser's session works in."""

    needs = {"POST": READ}

    @extend_schema(operation_id="switchTeam", request=TeamForm, responses=MeAnswer)
    def post(self, request: MemberRequest) -> Response:
        form = parse(TeamForm, request.data)
        if request.auth is not None:
            raise WrongState("expected a browser's session, got a token, which is bound to one team")
        membership = member_of(request.user, form["team"])
        session = request._request.session
        session[TEAM_KEY] = membership.team.slug
        return Response(describe_me(membership, WIDEST_SCOPE[Role(membership.role)], session.get_expiry_date()))


def check_password(request: HttpRequest, username: str, password: str) -> User:
    """Return the user; raise NotLoggedIn, or TooManyAttempts after too many failures. A failure is written down for their teams."""
    user = authenticate(request, username=username, password=password)
    if user is not None:
        return user
    known = find_user(username)
    for membership in memberships_of(known) if known else []:
        record(membership.team, None, "login failed", username)
    if getattr(request, "axes_locked_out", False):
        raise TooManyAttempts("expected fewer failed logins, got too many in a row; try again in some minutes")
    raise NotLoggedIn("expected a user name and its password, got a pair that does not fit")


def begin_session(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    """Log the browser in under a fresh session key; return Me."""
    login(request, membership.user, backend="django.contrib.auth.backends.ModelBackend")
    # Django keeps the key where the same user logs in again.
    request.session.cycle_key()
    request.session[TEAM_KEY] = membership.team.slug
    record(membership.team, membership.user, "login", membership.user.username)
    return describe_me(membership, WIDEST_SCOPE[Role(membership.role)], request.session.get_expiry_date())


def describe_me(membership: Membership, scope: str, expires_at: datetime | None) -> dict[str, Any]:
    """Return who is asking, as the API shows it."""
    teams = [{"team": found.team.slug, "name": found.team.name, "role": found.role} for found in memberships_of(membership.user)]
    return {
        "user": membership.user.username,
        "team": membership.team.slug,
        "team_name": membership.team.name,
        "role": membership.role,
        "scope": scope,
        "teams": teams,
        "expires_at": expires_at,
    }
