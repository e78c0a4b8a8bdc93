"""Requests: what is tried again, and what a failure is called."""

import httpx
import pytest
from stackyard.errors import ERRORS, NotFound, ServerFault, ServerUnreachable, StackyardError

from members.client import Client


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_of_the_server_comes_back_under_its_name(client, server, code):
    body = {"error": code, "detail": "expected this, got that", "count": 7, "rows": [{"id": "r1"}]}
    server.breakages = [lambda _: httpx.Response(ERRORS[code].status, json=body)] * 9
    with pytest.raises(ERRORS[code]) as raised:
        client.me()
    assert raised.value.as_json() == body


def test_an_unknown_code_is_a_server_fault_with_the_text(client, server):
    server.breakages = [lambda _: httpx.Response(418, json={"error": "Teapot", "detail": "short and stout"})]
    with pytest.raises(ServerFault, match="Teapot: short and stout"):
        client.me()


def test_a_redirect_is_not_followed_but_named(client, server):
    server.breakages = [lambda _: httpx.Response(301, headers={"Location": "https://server.test/"})]
    with pytest.raises(ServerFault, match=r"redirect to https://server\.test/: use that address"):
        client.me()


def test_a_page_where_json_should_be_is_no_stackyard_server(client, server):
    server.breakages = [lambda _: httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(ServerFault, match="got text/html: is this a Stackyard server"):
        client.me()


def test_reading_is_tried_again(client, server, broken, away, pauses):
    server.breakages = [broken, away]
    assert client.me()["user"] == "ada"
    assert pauses == [0.2, 0.6]


def test_a_server_that_is_not_there_is_named_with_what_to_try(client, server, refused):
    server.breakages = [refused] * 9
    with pytest.raises(ServerUnreachable, match=r"http://server\.test, got connection refused; is the server up"):
        client.me()


def test_a_change_that_may_have_arrived_is_not_sent_twice(client, server, broken):
    server.breakages = [broken]
    with pytest.raises(ServerUnreachable, match="may have been done: look before you ask again"):
        client.cancel(3)
    assert len(server.requests) == 1


def test_a_change_that_surely_did_not_arrive_is_sent_again(client, server, refused):
    server.breakages = [refused]
    assert client.cancel(3)["id"] == 3


def test_names_are_quoted_into_the_address(client, server):
    with pytest.raises(NotFound):
        client.competition("../tiny")
    assert server.requests[-1].url.raw_path == b"/api/v1/competitions/..%2Ftiny"


def test_the_token_is_sent_and_never_shown(client, server):
    client.me()
    assert server.requests[-1].headers["Authorization"] == "Token secret-token"
    assert "secret" not in repr(client.settings)


def test_a_bad_token_is_not_logged_in(server):
    stranger = Client("http://server.test", "wrong", transport=httpx.MockTransport(server.answer))
    with pytest.raises(StackyardError) as raised:
        stranger.me()
    assert raised.value.code == "NotLoggedIn"
