"""Every address x every method x every role, scope and team, read from the URL configuration: a route that is missing here fails."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from rest_framework.permissions import BasePermission
from stackyard.api.authentication import SessionLogin, TokenLogin
from stackyard.api.permissions import DenyUnlessDeclared
from stackyard.api.urls import urlpatterns
from stackyard.api.views import MemberView
from stackyard.competitions.models import Competition
from stackyard.ensembles.models import Ensemble

from tests.predictions.desk import COINS, COINS_FILES, TEST_ROWS, create, oof_text, put_blob, upload
from tests.world import Person

pytestmark = pytest.mark.once

ROLES = ["reader", "member", "admin"]
SCOPES = ["read", "upload", "admin"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
DATA = b"some bytes"


@dataclass(frozen=True)
class Rule:
    """Who is let in, what they send, and whether the address names something of one team (which is then 404 for any other)."""

    role: str = ""
    scope: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    names_something: bool = True

    @property
    def public(self) -> bool:
        return not self.role


PUBLIC = Rule(names_something=False)
READ = Rule("reader", "read")
LIST = Rule("reader", "read", names_something=False)


def member(names_something=True, **body):
    return Rule("member", "upload", body, names_something)


def admin(names_something=True, **body):
    return Rule("admin", "admin", body, names_something)


RULES: dict[str, dict[str, Rule]] = {
    "health": {"GET": PUBLIC},
    "schema": {"GET": PUBLIC},
    "auth/login": {"POST": PUBLIC},
    "auth/logout": {"POST": LIST},
    "auth/team": {"POST": LIST},
    "me": {"GET": LIST},
    "tokens": {"GET": LIST, "POST": Rule("reader", "read", {"label": "new", "scope": "read"}, names_something=False)},
    "tokens/<str:token_id>": {"DELETE": READ},
    "members": {"GET": LIST},
    "members/<str:username>": {"PATCH": admin(role="member"), "DELETE": admin()},
    "invitations": {"GET": admin(names_something=False), "POST": admin(names_something=False, role="reader")},
    "invitations/<int:invitation_id>": {"DELETE": admin()},
    "invitations/by-link/<str:secret>": {"GET": PUBLIC},
    "invitations/by-link/<str:secret>/accept": {"POST": PUBLIC},
    "audit": {"GET": admin(names_something=False)},
    "blobs/<str:digest>": {"HEAD": READ, "PUT": member(names_something=False)},
    "competitions": {"GET": LIST, "POST": admin(names_something=False)},
    "competitions/<slug:slug>": {"GET": READ},
    "competitions/<slug:slug>/contract": {"GET": READ},
    "competitions/<slug:slug>/folds": {"GET": READ},
    "competitions/<slug:slug>/folds/report": {"GET": READ},
    "competitions/<slug:slug>/figures/folds": {"GET": READ},
    "competitions/<slug:slug>/predictions": {"GET": READ, "POST": member(name="m", oof={"blob": "{oof}", "filename": "oof.csv"})},
    "competitions/<slug:slug>/grid": {"GET": READ},
    "competitions/<slug:slug>/leaderboard": {"GET": READ},
    "predictions/<int:key>": {"GET": READ},
    "predictions/<int:key>/<array_kind:kind>": {"GET": READ},
    "competitions/<slug:slug>/ensembles": {"GET": READ, "POST": admin()},
    "ensembles/<int:key>": {"GET": READ},
    "ensembles/<int:key>/cancel": {"POST": admin()},
    "ensembles/<int:key>/permuted": {"POST": admin()},
    "recipes/ensemble": {"GET": LIST},
    "competitions/<slug:slug>/insight": {"GET": READ},
    "competitions/<slug:slug>/figures/correlation": {"GET": READ},
    "competitions/<slug:slug>/figures/contributions": {"GET": READ},
    "competitions/<slug:slug>/figures/path": {"GET": READ},
    "competitions/<slug:slug>/submissions": {"GET": READ, "POST": member(prediction="model")},
    "competitions/<slug:slug>/quota": {"GET": READ},
    "submissions/<int:key>": {"GET": READ, "PATCH": member(note="third")},
    "submissions/<int:key>/file": {"GET": READ},
    "submissions/<int:key>/rebuild": {"POST": member()},
}
VIEWS = {pattern.pattern._route: pattern.callback.cls for pattern in urlpatterns}


def cases(wanted):
    """Return each address and method whose rule is wanted."""
    return [(route, method) for route, rules in RULES.items() for method, rule in rules.items() if wanted(rule)]


@pytest.fixture
def yard(world, eager_tasks, settings, tmp_path):
    """One thing of each kind in the team `forest`: what the addresses name."""
    settings.HOME = tmp_path
    settings.TEMPORARY = tmp_path / "tmp"
    assert create(world.admin, COINS, COINS_FILES).status_code == 202
    oof = oof_text([0.5] * 12)
    prediction = upload(world.admin, "coins", oof, TEST_ROWS).json()["id"]
    submission = world.admin.post("competitions/coins/submissions", {"prediction": prediction}).json()["id"]
    coins = Competition.objects.get()
    shared = {"competition": coins, "fold_set": coins.fold_sets.get(), "owner": world.admin.user}
    progress = {"done": 0, "total": 1, "sentence": "queued"}
    ensemble = Ensemble.objects.create(name="blend", recipe={}, inputs=[], progress=progress, **shared).pk
    invitation = world.admin.post("invitations", {"role": "reader"}).json()
    return {
        "slug": "coins",
        "kind": "oof",
        "username": "reader",
        "digest": put_blob(world.admin, DATA),
        "oof": hashlib.sha256(oof.encode()).hexdigest(),
        "invitation_id": invitation["id"],
        "secret": invitation["link"].removeprefix("/invite/"),
        "token_id": world.admin.token.digest[:16],
        "predictions": prediction,
        "submissions": submission,
        "ensembles": ensemble,
    }


def address(route, yard, person=None):
    """Fill the route's places; `key` is named by the word before it, and a token is the caller's own."""
    places = {**yard, "key": yard.get(route.split("/")[0])}
    if person is not None and person.secret:
        places["token_id"] = person.token.digest[:16]
    return re.sub(r"<\w+:(\w+)>", lambda place: str(places[place[1]]), route)


def fill(body, yard):
    if isinstance(body, dict):
        return {name: fill(value, yard) for name, value in body.items()}
    return body.format(**yard) if isinstance(body, str) else body


def ask(person, method, path, **body):
    """Ask, then take back what it changed; return the status and the error's name. Nobody waits for a queue."""
    with transaction.atomic():
        answer = person.generic(method, path, **body, headers={"Prefer": "wait=0"})
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    failed = answer.status_code >= 400 and method != "HEAD"
    return answer.status_code, json.loads(content)["error"] if failed else content


def ask_for(person, route, method, yard, own=True):
    path = address(route, yard, person if own else None)
    if method == "PUT":
        return ask(person, method, path, data=DATA, content_type="application/octet-stream")
    if method in {"POST", "PATCH"}:
        return ask(person, method, path, data=json.dumps(fill(RULES[route][method].body, yard)), content_type="application/json")
    return ask(person, method, path)


def what_should_come(rule, role, scope):
    """Say `in`, or the error's name."""
    if rule.public:
        return "in"
    if ROLES.index(role) < ROLES.index(rule.role):
        return "RoleTooLow"
    return "in" if SCOPES.index(scope) >= SCOPES.index(rule.scope) else "ScopeTooNarrow"


def what_came(status, said):
    """Say `in` for whatever a view itself answers, even a refusal of what was sent."""
    if status == 403:
        return said
    return "in" if status < 500 and status not in {401, 404, 405} else f"{status} {said!r}"


def test_every_address_stands_in_the_table():
    declared = {route: {*view.needs, *view.public} for route, view in VIEWS.items()}

    assert declared == {route: set(rules) for route, rules in RULES.items()}


@pytest.mark.parametrize("route", VIEWS)
def test_every_view_denies_what_it_does_not_declare(route):
    view = VIEWS[route]

    assert issubclass(view, MemberView)
    assert view.permission_classes == [DenyUnlessDeclared]
    assert view.authentication_classes == [TokenLogin, SessionLogin]
    assert view.check_permissions is MemberView.check_permissions
    handlers = {method for method in METHODS if hasattr(view, method.lower())} - {"OPTIONS"}
    assert handlers == {*view.needs, *view.public}


def test_there_is_no_other_kind_of_permission():
    ours = [kind for kind in BasePermission.__subclasses__() if kind.__module__.startswith("stackyard")]

    assert ours == [DenyUnlessDeclared]


@pytest.mark.parametrize(("role", "scope"), [(role, scope) for role in ROLES for scope in SCOPES[: ROLES.index(role) + 1]])
def test_a_member_does_what_role_and_scope_allow_and_nothing_else(world, yard, role, scope):
    person = Person(getattr(world, role).membership, scope)
    asked = cases(lambda rule: not rule.public)
    came = {case: what_came(*ask_for(person, *case, yard)) for case in asked}

    assert came == {case: what_should_come(RULES[case[0]][case[1]], role, scope) for case in asked}


def test_nobody_is_let_in_without_a_login(world, yard):
    came = {case: ask_for(world.nobody, *case, yard)[0] for case in cases(lambda rule: not rule.public)}

    assert set(came.values()) == {401}, came


def test_public_doors_open_to_all(world, yard):
    came = {case: ask_for(world.nobody, *case, yard) for case in cases(lambda rule: rule.public)}

    assert {case: status for case, (status, _) in came.items() if status != 200} == {
        # What they refuse is the empty form.
        ("auth/login", "POST"): 400,
        ("invitations/by-link/<str:secret>/accept", "POST"): 400,
    }


def test_another_team_finds_nothing(world, yard):
    came = {case: ask_for(world.rival, *case, yard, own=False)[0] for case in cases(lambda rule: rule.names_something)}

    assert set(came.values()) == {404}, came


def test_lists_hold_nothing_of_another_team(world, yard):
    ours = re.compile(rb'[Ff]orest|coins|"user":"(reader|member|admin)"')
    for case in cases(lambda rule: not rule.public and not rule.names_something):
        status, content = ask_for(world.rival, *case, yard, own=False)
        assert status >= 400 or not ours.search(content), (case, content)


def test_no_other_method_is_answered(world, yard):
    for route, rules in RULES.items():
        declared = {*rules, *({"HEAD"} if "GET" in rules else ())}
        for method in set(METHODS) - declared:
            assert ask(world.admin, method, address(route, yard))[0] == 405, (method, route)
