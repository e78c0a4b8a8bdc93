"""Teams, their members, tokens and invitations: who joins, who leaves, who may do what."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from stackyard.accounts.models import AuditEvent, Invitation, Membership, Role, Scope, Team, Token, User
from stackyard.accounts.ranks import WIDEST_SCOPE, scope_reaches
from stackyard.errors import InvalidRequest, InvitationInvalid, NameTaken, RoleTooLow, WrongState

INVITATION_DAYS = 7
TOKEN_DAYS = 90
# Every use of a token would otherwise be a write.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def record(team: Team, actor: User | None, verb: str, subject: str = "", **detail: Any) -> AuditEvent:
    """Write one line of who did what; `detail` must fit in JSON and hold no secret.

    Verbs are a noun and what was done to it: `member added`, `token revoked`.
    """
    return AuditEvent.objects.create(team=team, actor=actor, verb=verb, subject=subject[:200], detail=detail)


def create_team(slug: str, name: str = "") -> Team:
    """Make a team; raise InvalidRequest for a slug that cannot stand in an address, NameTaken where it is in use."""
    _check(validate_slug, slug, field="team")
    try:
        with transaction.atomic():
            return Team.objects.create(slug=slug, name=name or slug)
    except IntegrityError as taken:
        raise NameTaken(f"expected a new team, got {slug!r}, which there is already") from taken


def create_user(username: str, password: str | None = None) -> User:
    """Make a person; without a password they can use tokens only. Raises InvalidRequest or NameTaken."""
    user = User(username=username)
    _check(User.username_validator, username, field="username")
    _give_password(user, password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as taken:
        raise NameTaken(f"expected a new user name, got {username!r}, which is in use") from taken
    return user


def set_password(user: User, password: str) -> None:
    """Give a person a password for the browser; raise InvalidRequest where it is too easily guessed."""
    _give_password(user, password)
    user.save(update_fields=["password"])


def add_member(team: Team, user: User, role: str, actor: User | None = None) -> Membership:
    """Put a person into a team; raise NameTaken where they are in it already."""
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=team, user=user, role=Role(role))
    except IntegrityError as taken:
        raise NameTaken(f"expected someone who is not in team {team.slug}, got {user.username!r}") from taken
    record(team, actor, "member added", user.username, role=membership.role)
    return membership


def ensure_member(username: str, team_slug: str, role: str | None = None) -> tuple[Membership, list[str]]:
    """Make what is missing of user, team and membership; return the membership and the kinds of things that were made.

    role: given to a member who has another one, too; without it they keep theirs, and a new one is `member`.
    Raises WrongState rather than demote the last admin.
    """
    made = []
    with transaction.atomic():
        team = Team.objects.filter(slug=team_slug).first()
        if team is None:
            team = create_team(team_slug)
            made.append("team")
        user = User.objects.filter(username=username).first()
        if user is None:
            user = create_user(username)
            made.append("user")
        membership = Membership.objects.select_related("team", "user").filter(team=team, user=user).first()
        if membership is None:
            membership = add_member(team, user, role or Role.MEMBER)
            made.append("membership")
        elif role is not None and membership.role != role:
            change_role(membership, role, actor=None)
            made.append("role")
    return membership, made


def change_role(membership: Membership, role: str, actor: User | None) -> Membership:
    """Give a member another role; raise WrongState rather than leave a team without an admin."""
    before = membership.role
    with transaction.atomic():
        _queue_for(membership.team)
        if role != Role.ADMIN:
            _refuse_for_the_last_admin(membership)
        Membership.objects.filter(pk=membership.pk).update(role=Role(role))
        record(membership.team, actor, "role changed", membership.user.username, before=before, after=role)
    membership.role = Role(role)
    return membership


def remove_member(membership: Membership, actor: User | None) -> None:
    """End a membership and its tokens; raise WrongState rather than leave a team without an admin."""
    with transaction.atomic():
        _queue_for(membership.team)
        _refuse_for_the_last_admin(membership)
        membership.delete()
        record(membership.team, actor, "member removed", membership.user.username)


def _queue_for(team: Team) -> None:
    """Make changes of one team's members wait for each other: an UPDATE that changes nothing holds the row on every database.

    Without it two admins could each demote the other at the same moment.
    """
    Team.objects.filter(pk=team.pk).update(slug=F("slug"))


def _check(validator: Callable[..., None], *values: Any, field: str) -> None:
    """Run one of Django's validators; name the field in what it refuses."""
    try:
        validator(*values)
    except ValidationError as refused:
        rows = [{"field": field, "problem": text} for text in refused.messages]
        raise InvalidRequest(f"expected a {field} that will do, got one to which this applies: {refused.messages[0]}", rows) from refused


def _give_password(user: User, password: str | None) -> None:
    if password is not None:
        _check(validate_password, password, user, field="password")
    user.set_password(password)


def _refuse_for_the_last_admin(membership: Membership) -> None:
    admins = set(Membership.objects.filter(team=membership.team, role=Role.ADMIN).values_list("pk", flat=True))
    if admins == {membership.pk}:
        raise WrongState(f"expected team {membership.team.slug} to keep an admin, got its last one, {membership.user.username}")


def issue_token(
    membership: Membership, scope: str, days: float = TOKEN_DAYS, label: str = "", no_later_than: datetime | None = None
) -> tuple[Token, str]:
    """Make a token; return its row and the secret, which is kept nowhere and cannot be shown again.

    no_later_than: the end of the token that asks for this one, so that a leaked token cannot be kept alive through others.
    Raises RoleTooLow where the scope is wider than the member's role allows.
    """
    if not scope_reaches(WIDEST_SCOPE[Role(membership.role)], scope):
        raise RoleTooLow(f"expected a scope that role {membership.role} allows, got {scope}")
    ends = timezone.now() + timedelta(days=days)
    if no_later_than is not None:
        ends = min(ends, no_later_than)
    # Knox takes a length of time and counts from its own now, microseconds later: so the end is set here.
    with transaction.atomic():
        token, secret = Token.objects.create(user=membership.user, expiry=None, membership=membership, scope=Scope(scope), label=label)
        token.expiry = ends
        token.save(update_fields=["expiry"])
        record(membership.team, membership.user, "token issued", label or token.scope, scope=token.scope, expires_at=ends.isoformat())
    return token, secret


def note_use(token: Token, now: datetime) -> None:
    """Keep when a token was last used, to the minute."""
    before = now - USE_IS_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at < before:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def revoke_token(token: Token, actor: User | None) -> None:
    """End a token at once."""
    membership = token.membership
    token.delete()
    record(membership.team, actor, "token revoked", token.label or token.scope, scope=token.scope)


def digest_of_link(secret: str) -> str:
    """Return what is kept of an invitation's secret."""
    return sha256(secret.encode()).hexdigest()


def invite(team: Team, role: str, actor: User, days: float = INVITATION_DAYS) -> tuple[Invitation, str]:
    """Make an invitation; return its row and the secret of its link, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(days=days)
    invitation = Invitation.objects.create(
        team=team, role=Role(role), digest=digest_of_link(secret), created_by=actor, expires_at=expires_at
    )
    record(team, actor, "invitation made", invitation.role, expires_at=expires_at.isoformat())
    return invitation, secret


def withdraw_invitation(invitation: Invitation, actor: User) -> None:
    """Close an invitation that nobody has used; raise WrongState where somebody has."""
    closed, _ = Invitation.objects.filter(pk=invitation.pk, used_at=None).delete()
    if not closed:
        raise WrongState("expected an invitation that is still open, got one that was used")
    record(invitation.team, actor, "invitation withdrawn", invitation.role)


def accept_invitation(invitation: Invitation, user: User) -> Membership:
    """Let a person join by an invitation, once; raise InvitationInvalid where another was faster, NameTaken where they are in."""
    with transaction.atomic():
        now = timezone.now()
        taken = Invitation.objects.filter(pk=invitation.pk, used_at=None, expires_at__gt=now).update(used_by=user, used_at=now)
        if not taken:
            raise InvitationInvalid("expected an open invitation, got a link that was used or has expired")
        membership = add_member(invitation.team, user, invitation.role, actor=invitation.created_by)
        record(invitation.team, user, "invitation used", user.username, role=invitation.role)
    return membership
