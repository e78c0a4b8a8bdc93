"""One world for all tests that enter by HTTP: the team `forest` with one member a role, and the team `rivals` that must see none of it."""

from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient
from stackyard.accounts.models import Membership, Role, Team, User
from stackyard.accounts.ranks import WIDEST_SCOPE
from stackyard.accounts.services import add_member, create_team, create_user, issue_token

API = "/api/v1/"


class Person(APIClient):
    """A client that carries a member's token; `person.get("me")` asks /api/v1/me, JSON goes both ways."""

    default_format = "json"

    def __init__(self, membership: Membership | None = None, scope: str | None = None) -> None:
        super().__init__()
        self.membership = membership
        self.secret = ""
        if membership is not None:
            self.token, self.secret = issue_token(membership, scope or WIDEST_SCOPE[Role(membership.role)], label="tests")
            self.credentials(HTTP_AUTHORIZATION=f"Token {self.secret}")

    @property
    def user(self) -> User:
        return self.membership.user

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().generic(method, path if path.startswith("/") else API + path, *args, **kwargs)


@dataclass(frozen=True)
class World:
    team: Team
    rivals: Team
    admin: Person
    member: Person
    reader: Person
    rival: Person
    nobody: Person

    def join(self, username: str, role: str = Role.MEMBER, team: Team | None = None) -> Person:
        """Return a further member."""
        return Person(self.join_as(create_user(username), role, team or self.team))

    def join_as(self, user: User, role: str, team: Team) -> Membership:
        """Put someone into a further team."""
        return add_member(team, user, role)


def make_world() -> World:
    forest, rivals = create_team("forest", "The Forest"), create_team("rivals", "The Rivals")
    people = {role: Person(add_member(forest, create_user(role), role)) for role in ("admin", "member", "reader")}
    rival = Person(add_member(rivals, create_user("rival"), "admin"))
    return World(team=forest, rivals=rivals, rival=rival, nobody=Person(), **people)
