"""Links that let a person join the team, once."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import Invitation, Membership, Role
from stackyard.accounts.queries import find_user, invitation_numbered, invitations_of, open_invitation
from stackyard.accounts.services import accept_invitation, create_user, invite, withdraw_invitation
from stackyard.api.accounts import MeAnswer, begin_session, check_password
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.permissions import ADMINISTER
from stackyard.api.views import MemberRequest, MemberView


class InvitationForm(Form):
    role = serializers.ChoiceField(Role.choices)


class JoinForm(Form):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class InvitationAnswer(Answer):
    id = serializers.IntegerField()
    role = serializers.ChoiceField(Role.choices)
    expires_at = serializers.DateTimeField()
    used_by = serializers.CharField(allow_null=True)
    link = serializers.CharField(required=False, help_text="The page to send to the person; shown this once.")


class OpenInvitationAnswer(Answer):
    team = serializers.SlugField()
    team_name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    expires_at = serializers.DateTimeField()


class InvitationList(MemberView):
    """The team's invitations, used ones too."""

    needs = {"GET": ADMINISTER, "POST": ADMINISTER}

    @extend_schema(operation_id="listInvitations", responses=InvitationAnswer(many=True))
    def get(self, request: MemberRequest) -> Response:
        return Response([describe_invitation(found) for found in invitations_of(request.membership.team)])

    @extend_schema(operation_id="makeInvitation", request=InvitationForm, responses={201: InvitationAnswer})
    def post(self, request: MemberRequest) -> Response:
        form = parse(InvitationForm, request.data)
        invitation, secret = invite(request.membership.team, form["role"], request.user)
        return Response({**describe_invitation(invitation), "link": f"/invite/{secret}"}, status=status.HTTP_201_CREATED)


class InvitationDetail(MemberView):
    """One invitation: its end before anybody used it."""

    needs = {"DELETE": ADMINISTER}

    @extend_schema(operation_id="withdrawInvitation", responses={204: None})
    def delete(self, request: MemberRequest, invitation_id: int) -> Response:
        withdraw_invitation(invitation_numbered(request.membership.team, invitation_id), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationByLink(MemberView):
    """What a link invites to, for whoever holds it."""

    public = {"GET"}

    @extend_schema(operation_id="showInvitation", responses=OpenInvitationAnswer)
    def get(self, request: MemberRequest, secret: str) -> Response:
        found = open_invitation(secret, timezone.now())
        return Response({"team": found.team.slug, "team_name": found.team.name, "role": found.role, "expires_at": found.expires_at})


class InvitationAccept(MemberView):
    """Join: as somebody new, or with the password of an account that there is."""

    public = {"POST"}

    @extend_schema(operation_id="acceptInvitation", request=JoinForm, responses=MeAnswer)
    def post(self, request: MemberRequest, secret: str) -> Response:
        form = parse(JoinForm, request.data)
        invitation = open_invitation(secret, timezone.now())
        membership = join(request._request, invitation, form["username"], form["password"])
        return Response(begin_session(request._request, membership))


def join(request: HttpRequest, invitation: Invitation, username: str, password: str) -> Membership:
    """Let a known user in by their password, and a new one by making them; a link that was lost to another leaves no user behind."""
    if find_user(username) is not None:
        return accept_invitation(invitation, check_password(request, username, password))
    with transaction.atomic():
        return accept_invitation(invitation, create_user(username, password))


def describe_invitation(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation as the API shows it; its link is known to nobody any more."""
    used_by = invitation.used_by.username if invitation.used_by else None
    return {"id": invitation.pk, "role": invitation.role, "expires_at": invitation.expires_at, "used_by": used_by}
