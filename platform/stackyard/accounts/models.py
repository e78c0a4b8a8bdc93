"""Users, teams, memberships, invitations, tokens, and who did what."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from knox.models import AbstractAuthToken


class Role(models.TextChoices):
    """What a member may do; each role may do all that the ones before it may."""

    READER = "reader"
    MEMBER = "member"
    ADMIN = "admin"


class Scope(models.TextChoices):
    """What a token may do, at most; the member's role limits it further."""

    READ = "read"
    UPLOAD = "upload"
    ADMIN = "admin"


class User(AbstractUser):
    """A person; what they may do is said by their memberships alone."""


class Team(models.Model):
    """The tenant: everything belongs to one team."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A person's place in a team."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_membership_a_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]


class Invitation(models.Model):
    """A link that lets its holder join a team once; only the link's digest is kept."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)


class Token(AbstractAuthToken):
    """A key for programs: hashed, scoped, expiring, bound to one membership (knox keeps only its digest)."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="tokens")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.UPLOAD)
    label = models.CharField(max_length=80, blank=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(scope__in=Scope.values), name="scope_is_known")]


class AuditEvent(models.Model):
    """One line of who did what; never changed."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="audit")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
