"""Who is in the team, and what they did."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import AuditEvent, Membership, Role
from stackyard.accounts.queries import audit_of, member_named, members_of
from stackyard.accounts.services import change_role, remove_member
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.permissions import ADMINISTER, READ
from stackyard.api.views import MemberRequest, MemberView


class RoleForm(Form):
    role = serializers.ChoiceField(Role.choices)


class AuditForm(Form):
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class MemberAnswer(Answer):
    user = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    since = serializers.DateTimeField()


class AuditAnswer(Answer):
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    verb = serializers.CharField()
    subject = serializers.CharField()
    detail = serializers.DictField()


class MemberList(MemberView):
    """The team's members."""

    needs = {"GET": READ}

    @extend_schema(operation_id="listMembers", responses=MemberAnswer(many=True))
    def get(self, request: MemberRequest) -> Response:
        return Response([describe_member(found) for found in members_of(request.membership.team)])


class MemberDetail(MemberView):
    """One member: another role, or the end of the membership and its tokens."""

    needs = {"PATCH": ADMINISTER, "DELETE": ADMINISTER}

    @extend_schema(operation_id="changeRole", request=RoleForm, responses=MemberAnswer)
    def patch(self, request: MemberRequest, username: str) -> Response:
        form = parse(RoleForm, request.data)
        membership = member_named(request.membership.team, username)
        return Response(describe_member(change_role(membership, form["role"], request.user)))

    @extend_schema(operation_id="removeMember", responses={204: None})
    def delete(self, request: MemberRequest, username: str) -> Response:
        remove_member(member_named(request.membership.team, username), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Audit(MemberView):
    """Who did what, the newest first."""

    needs = {"GET": ADMINISTER}

    @extend_schema(operation_id="listAudit", parameters=[AuditForm], responses=AuditAnswer(many=True))
    def get(self, request: MemberRequest) -> Response:
        form = parse(AuditForm, request.query_params)
        return Response([describe_event(event) for event in audit_of(request.membership.team, form["limit"])])


def describe_member(membership: Membership) -> dict[str, Any]:
    """Return a member as the API shows them."""
    return {"user": membership.user.username, "role": membership.role, "since": membership.created_at}


def describe_event(event: AuditEvent) -> dict[str, Any]:
    """Return one line of the audit as the API shows it."""
    actor = event.actor.username if event.actor else None
    return {"at": event.at, "actor": actor, "verb": event.verb, "subject": event.subject, "detail": event.detail}
