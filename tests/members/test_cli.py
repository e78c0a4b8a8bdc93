"""The command line: what scripts rely on, what people read."""

import json
import re
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner
from rich.console import Console
from stackyard.errors import ERRORS

from members.cli import COMMANDS, COMPETITION_COMMANDS, cli
from members.cli_desk import Setup
from members.hints import HINTS
from members.progress import ProgressBar, Step

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
LEAVES = {
    **{name: command for name, command in COMMANDS.items() if not isinstance(command, click.Group)},
    **{f"competition {name}": command for name, command in COMPETITION_COMMANDS.items()},
}


@pytest.fixture
def calls(oof_csv, test_csv, tmp_path, spec):
    """A good call of every command."""
    return {
        "login": ["login", "http://server.test", "--token", "secret-token"],
        "whoami": ["whoami"],
        "competition create": ["competition", "create", spec],
        "competition list": ["competition", "list"],
        "competition show": ["competition", "show", "tiny"],
        "folds": ["folds", "tiny"],
        "check": ["check", "tiny", "--oof", oof_csv, "--test", test_csv],
        "upload": ["upload", "tiny", "--name", "m1", "--oof", oof_csv, "--test", test_csv],
        "board": ["board", "tiny"],
        "ensemble": ["ensemble", "tiny"],
        "permuted": ["permuted", "3"],
        "cancel": ["cancel", "3"],
        "submit": ["submit", "tiny", "--from", "ensemble-1", "-o", tmp_path / "submission.csv"],
        "rebuild": ["rebuild", "1", "-o", tmp_path / "again.csv"],
        "result": ["result", "1", "--public", "0.3"],
        "export": ["export", "tiny", "-o", tmp_path / "out"],
    }


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "train.csv").write_text("id,label\n")
    (tmp_path / "sample.csv").write_text("id,a,b\n")
    path = tmp_path / "tiny.toml"
    lines = ['slug = "tiny"', 'name = "Tiny"', 'task = "multiclass"', 'metric = "multiclass_log_loss"', 'id_column = "id"']
    path.write_text("\n".join([*lines, 'labels = "train.csv"', 'label_column = "label"', 'sample_submission = "sample.csv"']))
    return path


# What scripts rely on


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_prints_one_json_document_and_nothing_else(run, calls, name):
    result = run(*calls[name], "--json")
    assert result.exit_code == 0, result.stderr
    assert isinstance(json.loads(result.stdout), (dict, list))


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_speaks_to_people_too_and_takes_quiet_and_no_wait(run, calls, name):
    result = run(*calls[name], "--quiet", "--no-wait")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.strip()


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_ends_with_1_on_a_named_error(run, calls, server, name):
    body = {"error": "RoleTooLow", "detail": "expected an admin, got a reader", "count": 0, "rows": []}
    server.breakages = [lambda _: httpx.Response(403, json=body)] * 9
    result = run(*calls[name], "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == body
    assert "RoleTooLow  expected an admin, got a reader" in result.stderr
    assert "Try: ask an admin of your team" in result.stderr


def test_a_named_error_without_json_leaves_stdout_empty(run, server, away):
    server.breakages = [away] * 9
    result = run("whoami")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ServerFault" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["upload", "tiny", "--name", "m1"],
        ["upload", "tiny", "--name", "m1", "--oof", "absent.csv"],
        ["check", "tiny"],
        ["check", "tiny", "--oof", "tiny.toml", "--fold", "-1"],
        ["result", "1"],
        ["folds", "tiny", "--shape", "circle"],
        ["ensemble", "tiny", "--only"],
        ["submit", "tiny", "-o", "x.csv"],
        ["boards"],
        ["login", "http://server.test"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_before_anything_is_asked(server, spec, arguments):
    result = CliRunner().invoke(cli, arguments, obj=Setup(httpx.MockTransport(server.answer)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert server.requests == []


def test_without_a_login_the_way_to_log_in_is_said():
    result = CliRunner().invoke(cli, ["board", "tiny", "--json"])
    assert (result.exit_code, json.loads(result.stdout)["error"]) == (1, "NotConfigured")


def test_an_upload_gives_state_score_and_errors(run, calls):
    found = json.loads(run(*calls["upload"], "--json").stdout)
    assert (found["state"], found["score"], found["errors"]) == ("scored", 0.25, [])


@pytest.mark.parametrize("command", [["check", "tiny"], ["upload", "tiny", "--name", "m1"]])
def test_a_refused_file_ends_with_1_and_its_reasons(run, write, tmp_path, command):
    bad = write(tmp_path / "bad.csv", ["r1", "r2", "r3"], true_label=["a", "a", "b"])
    result = run(*command, "--oof", bad, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["state"], found["score"]) == (1, "rejected", None)
    assert [(error["error"], error["file"]) for error in found["errors"]] == [("UnknownColumns", "oof"), ("MissingIds", "oof")]
    assert "UnknownColumns  oof file: expected" in result.stderr
    assert "Try: drop them" in result.stderr
    assert re.search(r"\br4\b", result.stderr)


def test_an_upload_that_is_not_waited_for_is_receiving(run, calls):
    result = run(*calls["upload"], "--json", "--no-wait")
    assert (result.exit_code, json.loads(result.stdout)["state"]) == (0, "receiving")


def test_the_board_has_the_keys_that_scripts_read(run, server):
    server.hold_scored("m1")
    (row,) = json.loads(run("board", "tiny", "--level", "1", "--json").stdout)
    assert {"rank", "name", "owner", "level", "variant", "score", "std", "folds", "state"} <= set(row)
    assert server.requests[-1].url.params["level"] == "1"


def test_an_ensemble_gives_the_name_that_can_be_submitted(run):
    found = json.loads(run("ensemble", "tiny", "--json").stdout)
    assert {key: found[key] for key in ("id", "name", "score", "in_sample_score", "weights")} == {
        "id": 3,
        "name": "ensemble-1",
        "score": 0.2,
        "in_sample_score": 0.1,
        "weights": {"m1": 0.75, "m2": 0.25},
    }
    assert found["predictions"][0]["method"] == "greedy"


def test_only_takes_several_names_and_may_be_repeated(run, server):
    assert run("ensemble", "tiny", "--only", "m1", "m2", "--name", "three", "--only", "boris/m3", "--only=m4", "--json").exit_code == 0
    assert server.bodies("ensembles") == [{"only": ["m1", "m2", "boris/m3", "m4"], "name": "three"}]


def test_an_ensemble_that_failed_ends_with_its_error(run, server):
    server.ensemble_states, server.ensemble_error = ["failed"], {"error": "RecipeInvalid", "detail": "expected a known method"}
    result = run("ensemble", "tiny", "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]) == (1, "RecipeInvalid")


def test_a_rejected_competition_ends_with_1_and_its_reasons(run, server, spec):
    error = {"error": "LabelsInvalid", "detail": "expected one row an id, got two", "count": 1, "rows": [{"row": 3, "id": "r1"}]}
    server.competition |= {"state": "rejected", "errors": [error]}
    result = run("competition", "create", spec, "--json")
    assert (result.exit_code, json.loads(result.stdout)["errors"]) == (1, [error])
    assert "LabelsInvalid" in result.stderr


def test_a_submission_gives_id_path_digest_and_rows(run, calls, server, tmp_path):
    found = json.loads(run(*calls["submit"], "--json").stdout)
    assert found == {"id": 1, "path": str(tmp_path / "submission.csv"), "digest": server._submission()["digest"], "rows": 3}
    assert run(*calls["rebuild"], "--json").exit_code == 0
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "submission.csv").read_bytes()


@pytest.mark.parametrize("shape", ["csv", "positions", "lists"])
def test_folds_go_to_stdout_as_they_are_or_into_a_file(run, shape, tmp_path):
    printed = run("folds", "tiny", "--shape", shape).stdout
    result = run("folds", "tiny", "--shape", shape, "-o", tmp_path / "folds", "--json")
    assert (tmp_path / "folds").read_text() == printed
    assert json.loads(result.stdout)["folds"] is None
    assert json.loads(run("folds", "tiny", "--shape", shape, "--json").stdout)["folds"]


def test_a_file_that_cannot_be_written_is_named(run, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("export", "tiny", "-o", tmp_path / "file" / "below", "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]) == (1, "NotADirectoryError")


# Login


def test_a_login_is_tried_and_then_serves_later_commands(server, home):
    setup = Setup(httpx.MockTransport(server.answer))
    refused = CliRunner().invoke(cli, ["login", "http://server.test", "--token", "wrong"], obj=setup)
    assert (refused.exit_code, (home / "client.json").exists()) == (1, False)
    assert CliRunner().invoke(cli, ["login", "http://server.test", "--token", "-"], input="secret-token\n", obj=setup).exit_code == 0
    found = CliRunner().invoke(cli, ["whoami", "--json"], obj=setup)
    assert json.loads(found.stdout)["team"] == "demo"
    assert "secret-token" not in found.output


# Interruption


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("ensemble", "stop it by `stackyard cancel 3`"), ("upload", "see `stackyard board tiny`"), ("whoami", "Interrupted.")],
)
def test_ctrl_c_ends_with_130_and_says_that_the_server_works_on(run, calls, server, name, sentence):
    def interrupt(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.breakages = [*[None] * (1 if name == "ensemble" else 0), interrupt]
    result = run(*calls[name], "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert sentence in result.stderr


# What people read


def test_the_board_is_a_table_with_what_the_metric_wants(run, server):
    server.hold_scored("m1")
    shown = run("board", "tiny").stdout
    assert "Tiny: multiclass_log_loss, lower is better" in shown
    assert re.search(r"1 +m1 +ada +1 +v1 +0\.25000 +0\.23750 … 0\.26250 +0\.01000 +3/3", shown)
    assert "≈" not in shown


def test_the_board_marks_what_differs_by_noise_alone(run, server):
    for name in ("m1", "m2"):
        server.hold_scored(name)
    shown = run("board", "tiny").stdout
    assert re.search(r"2 +m2 .* 0\.25000 +≈ ", shown)
    assert "≈ differs from the row above by no more than noise" in shown


def test_a_run_on_permuted_labels_tells_its_verdict(run, server):
    shown = run("ensemble", "tiny", "--permuted").stdout
    assert re.search(r"blend +1\.09870 +1\.09860 +0\.00020 +-0\.5 +at chance", shown)
    assert "The recipe is at chance" in shown

    document = json.loads(run("permuted", "3", "--runs", "7", "--seed", "2", "--json").stdout)
    assert document["permuted"]["verdict"] == "at chance"
    assert server.bodies("permuted")[-1] == {"runs": 7, "seed": 2}


def test_a_run_on_permuted_labels_that_fails_says_why(run, server):
    server.permuted_states = ["running", "failed"]
    ended = run("permuted", "3")
    assert (ended.exit_code, "WorkerLost" in ended.stderr) == (1, True)


def test_permuted_labels_need_the_ensembles_end(run):
    assert run("ensemble", "tiny", "--permuted", "--no-wait").exit_code == 2


def test_names_of_others_cannot_play_with_the_terminal(run, server):
    server.hold_scored("[red]m1\x1b[2J")
    shown = run("board", "tiny").stdout
    assert "[red]m1�[2J" in shown
    assert "\x1b" not in shown


def test_where_no_terminal_listens_every_line_stays_whole(run, server, write, tmp_path):
    server.hold_scored("m" * 200)
    assert re.search("m{200} .* 3/3\n", run("board", "tiny").stdout)
    refused = run("check", "tiny", "--oof", write(tmp_path / "wide.csv", ["r1"], **{"surplus " * 40: [0.5]})).stderr
    assert re.search("^UnknownColumns .*(surplus ){40}.*$", refused, re.MULTILINE)


def test_an_ensemble_shows_nested_beside_in_sample_and_weights_as_bars(run):
    shown = run("ensemble", "tiny").stdout
    assert "ensemble-1: 0.20000 nested, 0.10000 in sample" in shown
    assert re.search(r"m1 +0\.750 +█{18}\s", shown)
    assert "stackyard submit tiny --from ensemble-1 -o submission.csv" in shown


def test_a_competition_shows_rows_by_class_and_fold_with_warnings(run, spec):
    shown = run("competition", "create", spec).stdout
    assert re.search(r"all rows +2 +2 +2", shown)
    assert shown.count("Warning: class b has fewer rows") == 1


def test_a_partial_upload_says_which_folds_are_missing(run, write, tmp_path):
    fold = write(tmp_path / "fold.csv", ["r2", "r5"])
    shown = run("upload", "tiny", "--name", "m1", "--oof", fold, "--fold", "1").stdout
    assert "m1 v1: partial" in shown
    assert "Still missing: fold 0, 2" in shown


def test_progress_is_drawn_on_a_terminal_only():
    def drawn(terminal: bool, shown: bool) -> str:
        console = Console(force_terminal=terminal, width=100)
        with console.capture() as capture, ProgressBar(console, shown) as bar:
            bar(Step("sending [b]oof.csv", 500_000, 2_000_000, "bytes"))
        return capture.get()

    assert "sending [b]oof.csv" in drawn(terminal=True, shown=True)
    assert "0.5 of 2.0 MB" in drawn(terminal=True, shown=True)
    assert drawn(terminal=True, shown=False) == drawn(terminal=False, shown=True) == ""


# Help and documents


def test_the_version_is_shown(run):
    assert re.fullmatch(r"stackyard, version \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize("name", LEAVES)
def test_every_help_text_has_an_example(run, name):
    shown = run(*name.split(), "--help").stdout
    assert re.search(rf"Example:\n +stackyard {name}", shown)


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_and_option_is_in_the_documents(name):
    text = DOCS.read_text()
    shared, _, rest = text.partition("\n## ")
    _, _, after = rest.partition(f"\n### stackyard {name}\n")
    section = re.split(r"\n##", after)[0]
    assert after, f"docs/cli.md has no section on stackyard {name}"
    assert f"\nstackyard {name}" in section
    for option in (option for option in LEAVES[name].params if isinstance(option, click.Option)):
        for flag in option.opts:
            assert f"`{flag}`" in section + shared, f"docs/cli.md does not name {flag} of stackyard {name}"


def test_the_documents_name_no_command_that_is_not_there():
    assert {line.removeprefix("### stackyard ") for line in DOCS.read_text().splitlines() if line.startswith("### ")} == set(LEAVES)


def test_hints_are_for_errors_that_exist():
    assert set(HINTS) <= set(ERRORS)
