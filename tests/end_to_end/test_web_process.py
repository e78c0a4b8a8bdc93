"""The web process stays small and whole, whatever is sent."""

import hashlib
import os

import httpx
import pytest

pytestmark = pytest.mark.once

GROWTH_BYTES = 64 << 20
CHUNK_BYTES = 16 << 20
SENT_BYTES = 96 << 20


@pytest.fixture(scope="module")
def token(live_stack):
    return live_stack.create_member("heavy", team="heavies", role="member")


@pytest.fixture
def http(live_stack, token):
    with httpx.Client(base_url=live_stack.url, headers={"Authorization": f"Token {token}"}, timeout=60) as client:
        yield client


def memory(live_stack) -> int:
    return live_stack.part("web").memory_info().rss


def test_a_large_file_does_not_pass_through_its_memory(live_stack, http):
    data = os.urandom(CHUNK_BYTES) * (SENT_BYTES // CHUNK_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    http.get("/api/v1/me")
    before = memory(live_stack)
    for start in range(0, SENT_BYTES, CHUNK_BYTES):
        headers = {"Content-Range": f"bytes {start}-{start + CHUNK_BYTES - 1}/{SENT_BYTES}"}
        answer = http.put(f"/api/v1/blobs/{digest}", content=data[start : start + CHUNK_BYTES], headers=headers)
        assert answer.status_code in {201, 202}, answer.text

    assert answer.json()["state"] == "whole"
    assert memory(live_stack) - before < GROWTH_BYTES


def test_a_large_form_does_not_pass_through_its_memory(live_stack, http):
    before = memory(live_stack)
    answer = http.post("/api/v1/competitions/none/predictions", files={"oof": ("oof.csv", os.urandom(SENT_BYTES))}, data={"name": "m"})

    assert answer.status_code == 404
    assert memory(live_stack) - before < GROWTH_BYTES


def test_json_that_is_too_long_is_refused(http):
    answer = http.post("/api/v1/tokens", content=b'{"label": "' + b"x" * (8 << 20) + b'"}', headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["error"]) == (413, "TooLarge")
