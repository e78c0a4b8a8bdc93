"""The OpenAPI schema, from which the pages get their types."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.world import API

pytestmark = pytest.mark.once

KEPT = Path(__file__).resolve().parents[2] / "frontend" / "openapi.json"
WRITE = "python manage.py spectacular --format openapi-json --file frontend/openapi.json"


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    made = tmp_path_factory.mktemp("schema") / "openapi.json"
    call_command("spectacular", format="openapi-json", file=str(made), fail_on_warn=True, validate=True)
    return json.loads(made.read_text())


@pytest.fixture(scope="module")
def operations(schema):
    return [operation for address in schema["paths"].values() for operation in address.values()]


def test_the_schema_in_the_tree_is_the_one_the_code_has(schema):
    kept = json.loads(KEPT.read_text())

    assert kept == schema, f"run `{WRITE}`, then `npm run types` in frontend/"


def test_operations_are_named_by_verb_and_noun(operations):
    names = [operation["operationId"] for operation in operations]

    assert len(set(names)) == len(names)
    assert [name for name in names if not name.isalpha() or name.endswith(("Retrieve", "Create"))] == []


def test_every_operation_says_how_it_fails(operations):
    for operation in operations:
        shape = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert shape == {"$ref": "#/components/schemas/ErrorAnswer"}, operation["operationId"]


def test_every_operation_has_an_answer_with_a_shape(operations):
    for operation in operations:
        answers = {status: answer for status, answer in operation["responses"].items() if status != "default"}
        assert answers, operation["operationId"]
        for status, answer in answers.items():
            assert status == "204" or answer["content"], operation["operationId"]


def test_only_public_operations_need_nobody(operations):
    public = {operation["operationId"] for operation in operations if "security" not in operation or {} in operation["security"]}

    assert public == {"showHealth", "login", "showInvitation", "acceptInvitation"}


def test_the_server_answers_its_own_schema(world, schema):
    answer = world.nobody.get(f"{API}schema")

    assert answer.status_code == 200
    assert json.loads(answer.content)["paths"].keys() == schema["paths"].keys()
