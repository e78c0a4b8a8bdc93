"""Every failure has a name, and nobody sees more than that."""

import pytest
from django.db import OperationalError
from django.http import Http404
from kombu.exceptions import OperationalError as BrokerDown
from rest_framework import exceptions as drf
from stackyard.api import accounts, errors
from stackyard.api.errors_page import errors_page
from stackyard.errors import ERRORS, BlobDamaged


def test_an_unknown_field_is_refused_with_the_one_that_was_meant(world):
    answer = world.admin.post("invitations", {"roles": "member"})

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert answer.json()["rows"] == [{"field": "roles", "problem": "Unknown field; did you mean role?"}]


def test_every_field_that_does_not_fit_is_a_row(world):
    answer = world.admin.post("tokens", {"scope": "all", "days": 0})

    assert {row["field"] for row in answer.json()["rows"]} == {"label", "scope", "days"}
    assert answer.json()["count"] == 3


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("{", "application/json", (400, "InvalidRequest")),
        ("[]", "application/json", (400, "InvalidRequest")),
        ("a=1", "application/x-www-form-urlencoded", (415, "UnsupportedMediaType")),
        ('"' + "x" * (5 << 20) + '"', "application/json", (413, "TooLarge")),
    ],
)
def test_a_body_that_cannot_be_read_is_named(world, body, kind, expected):
    answer = world.admin.generic("POST", "tokens", body, content_type=kind)

    assert (answer.status_code, answer.json()["error"]) == expected


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing", "/api/v1/competitions/none/at/all", "/api/v1/me/"])
def test_an_unknown_address_of_the_api_is_json(world, path):
    answer = world.admin.get(path)

    assert (answer.status_code, answer.json()["error"]) == (404, "NotFound")


def test_a_method_that_is_not_offered_says_which_are(world):
    answer = world.admin.put("tokens", {})

    assert (answer.status_code, answer.json()) == (
        405,
        {"error": "MethodNotAllowed", "detail": "expected one of GET, POST, got PUT", "count": 0, "rows": []},
    )


def test_neither_accept_nor_format_turns_a_caller_away(world):
    assert world.reader.get("me?format=npy", headers={"Accept": "text/csv"}).status_code == 200


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ValueError("the password is 1234"), (500, "ServerFault")),
        (BlobDamaged("expected bytes, got none"), (500, "BlobDamaged")),
        (OperationalError("no route to db.internal"), (503, "ServiceUnavailable")),
        (BrokerDown("no route to broker.internal"), (503, "ServiceUnavailable")),
        (Http404(), (404, "NotFound")),
        (drf.Throttled(3), (429, "TooManyAttempts")),
        (drf.PermissionDenied(), (403, "RoleTooLow")),
        (drf.NotAuthenticated(), (401, "NotLoggedIn")),
    ],
)
def test_what_goes_wrong_inside_is_logged_and_not_told(world, monkeypatch, caplog, raised, expected):
    def fail(*_):
        raise raised

    monkeypatch.setattr(accounts, "describe_me", fail)
    answer = world.reader.get("me")

    assert (answer.status_code, answer.json()["error"]) == expected
    assert not {"1234", "internal"} & set(answer.json()["detail"].replace(".", " ").split())
    logged = [record for record in caplog.records if record.name == errors.__name__]
    assert bool(logged) == (expected[0] >= 500)
    assert all(record.exc_info[1] is raised for record in logged)


def test_a_failure_outside_the_views_is_json_too(rf):
    answer = errors.answer_fault(rf.get("/api/v1/me"))

    assert (answer.status_code, b"ServerFault" in answer.content) == (500, True)
    assert errors.answer_fault(rf.get("/"))["Content-Type"] == "text/plain"


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_leaves_under_its_name(rf, name):
    error = ERRORS[name]("expected this, got that", [{"row": n} for n in range(7)])
    answer = errors.answer_error(error, {"request": rf.get("/")})

    assert answer.status_code == ERRORS[name].status
    assert answer.data == {"error": name, "detail": "expected this, got that", "count": 7, "rows": [{"row": n} for n in range(5)]}


def test_the_page_of_errors_is_the_one_the_code_has(settings):
    kept = (settings.ROOT / "docs" / "errors.md").read_text()

    assert kept == errors_page(), "run `python manage.py write_errors_page`"
    assert [name for name in ERRORS if f"| `{name}` |" not in kept] == []
