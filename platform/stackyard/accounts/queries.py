"""Who is who: reads only."""

from datetime import datetime

from django.db.models import QuerySet
from knox.crypto import hash_token

from stackyard.accounts.models import AuditEvent, Invitation, Membership, Role, Team, Token, User
from stackyard.accounts.services import digest_of_link
from stackyard.errors import InvitationInvalid, NotFound, NotLoggedIn

# Enough of a token's digest to name it in lists and addresses; it says nothing about the secret.
TOKEN_ID_LENGTH = 16


def membership_for(user: User, team_slug: str | None = None) -> Membership | None:
    """Return the user's place in the team named, or in the first they joined; None where there is none."""
    found = memberships_of(user)
    wanted = found.filter(team__slug=team_slug).first() if team_slug else None
    return wanted or found.first()


def member_of(user: User, team_slug: str | None = None) -> Membership:
    """Return the user's place in the team named, or in the first they joined; raise NotFound, or NotLoggedIn where they are in none."""
    membership = membership_for(user, team_slug)
    if membership is None:
        raise NotLoggedIn(f"expected a member of a team, got {user.username}, who is in none")
    if team_slug and membership.team.slug != team_slug:
        raise NotFound(f"expected one of your teams, got {team_slug!r}")
    return membership


def find_user(username: str) -> User | None:
    """Return the person of that name, where there is one."""
    return User.objects.filter(username=username).first()


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return every team that the user is in, the first joined first."""
    return Membership.objects.filter(user=user).select_related("team", "user").order_by("created_at", "pk")


def members_of(team: Team) -> QuerySet[Membership]:
    """Return the team's members, by name."""
    return Membership.objects.filter(team=team).select_related("team", "user").order_by("user__username")


def member_named(team: Team, username: str) -> Membership:
    """Return the team's member of that name; raise NotFound where there is none."""
    found = members_of(team).filter(user__username=username).first()
    if found is None:
        raise NotFound(f"expected a member of team {team.slug}, got {username!r}")
    return found


def admins_of(team: Team) -> QuerySet[Membership]:
    """Return the team's admins."""
    return members_of(team).filter(role=Role.ADMIN)


def token_of_secret(secret: str) -> Token | None:
    """Return the token that the secret opens, with its member and team, expired or not."""
    return Token.objects.select_related("user", "membership__user", "membership__team").filter(digest=hash_token(secret)).first()


def tokens_of(membership: Membership) -> QuerySet[Token]:
    """Return the member's tokens, the newest first."""
    return membership.tokens.order_by("-created")


def token_named(membership: Membership, token_id: str) -> Token:
    """Return the member's own token by the id that lists show; raise NotFound where there is none."""
    found = tokens_of(membership).filter(digest__startswith=token_id).first() if len(token_id) == TOKEN_ID_LENGTH else None
    if found is None:
        raise NotFound(f"expected the id of one of your tokens, got {token_id!r}")
    return found


def invitations_of(team: Team) -> QuerySet[Invitation]:
    """Return the team's invitations, used ones too, the newest first."""
    return Invitation.objects.filter(team=team).select_related("used_by").order_by("-created_at", "-pk")


def invitation_numbered(team: Team, number: int) -> Invitation:
    """Return one of the team's invitations; raise NotFound where there is none."""
    found = invitations_of(team).filter(pk=number).first()
    if found is None:
        raise NotFound(f"expected one of your team's invitations, got {number}")
    return found


def open_invitation(secret: str, now: datetime) -> Invitation:
    """Return the invitation behind a link; raise InvitationInvalid where it is unknown, used or expired."""
    found = Invitation.objects.select_related("team").filter(digest=digest_of_link(secret), used_at=None, expires_at__gt=now).first()
    if found is None:
        raise InvitationInvalid("expected an open invitation, got a link that is unknown, used or expired")
    return found


def audit_of(team: Team, limit: int) -> QuerySet[AuditEvent]:
    """Return the team's last events, the newest first."""
    return AuditEvent.objects.filter(team=team).select_related("actor")[:limit]
