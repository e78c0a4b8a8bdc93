"""The benchmarks say what they must, and never invent a peer."""

import json
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import benchmark as harness
from benchmarks import peer
from benchmarks.benchmark import Benchmark, Case, Check, NotBuilt, measure
from benchmarks.deciding import expected_f2_of, reference_expectations
from benchmarks.page import write_page
from benchmarks.peer import PYTHON, PeerFailed, PeerMissing, run_peer
from benchmarks.peers.__main__ import main as run_module
from benchmarks.registry import BENCHMARKS, TRIALS
from benchmarks.trial import CannotRun, Finding, Trial, try_out

KEYS = {"ours_seconds", "peer_seconds", "ratio", "peer", "limit_seconds", "checked", "target", "met", "scaled", "note"}
TARGETS = {
    "expected_f2": 40_000,
    "expected_f2_dp": 6_000,
    "folds": 8,
    "score": 400,
    "greedy_log_loss": 120,
    "greedy_log_loss_480": 80,
    "greedy_plankton": 3_000,
    "greedy_f2": 40,
    "nested_bagged_greedy": 200,
    "ridge": 300,
    "logistic": 12,
    "trees": 40,
    "hill_climb": 2_500,
    "augment": 5,
}
GOALS = {"tta": "at most 8.2 times one view"}


def a_sum(passed=True):
    """A benchmark whose check says what it is told to say."""
    cells = np.arange(4.0)
    case = Case(cells.sum, {"cells": cells}, cells.nbytes, lambda *_: Check(passed, "as told"), "four numbers")
    return Benchmark("x", "a sum", "enumeration", 1, lambda _: case)


@pytest.fixture
def no_peers(monkeypatch):
    def missing(name, *_):
        raise PeerMissing(f"{name} (not installed)")

    monkeypatch.setattr(harness, "run_peer", missing)


@pytest.fixture
def bare_python(tmp_path):
    """A Python of its own that can import nothing but the standard library."""
    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    return tmp_path / "bare" / "bin" / "python"


def test_the_registry_holds_the_targets():
    assert {name: benchmark.target for name, benchmark in BENCHMARKS.items()} == TARGETS
    assert {name: trial.goal for name, trial in TRIALS.items()}.items() >= GOALS.items()


@pytest.mark.parametrize("name", ["expected_f2_dp", "folds", "score", "greedy_log_loss", "hill_climb"])
def test_one_json_object_has_the_asked_for_keys_and_no_invented_peer(name, no_peers, capsys):
    assert command.main([name, "--json", "--size", "tiny"]) == 0
    outcome = json.loads(capsys.readouterr().out)

    assert outcome.keys() >= KEYS
    assert (outcome["peer_seconds"], outcome["ratio"], outcome["met"]) == (None, None, False)
    if outcome["ours_seconds"] is not None:
        assert outcome["ours_seconds"] > 0
        assert outcome["limit_seconds"] > 0
        assert outcome["peer"].startswith("missing: ")
        assert outcome["checked"] is True


def test_what_is_not_built_says_so():
    def make(tiny):
        raise NotBuilt("some.function")

    outcome = measure(Benchmark("x", "nothing", "enumeration", 1, make), 1e9, tiny=True)

    assert (outcome["ours_seconds"], outcome["checked"], outcome["met"]) == (None, False, False)
    assert outcome["note"] == "not built: some.function"
    assert outcome.keys() >= KEYS


def test_a_wrong_result_never_meets_its_target(monkeypatch):
    class Peer:
        name, seconds, share, note, results, whole_seconds = "slow 1.0", [1e6], 1.0, "", {}, 1e6
        variants = {}

    monkeypatch.setattr(harness, "run_peer", lambda *_: Peer)
    right, wrong = (measure(a_sum(passed), 1e9, tiny=True) for passed in (True, False))

    assert (right["met"], right["checked"], right["scaled"]) == (True, True, False)
    assert (wrong["met"], wrong["checked"]) == (False, False)
    assert wrong["ratio"] > 1


def test_an_environment_that_is_not_there_is_reported_as_missing(tmp_path):
    with pytest.raises(PeerMissing, match="make bench"):
        run_peer("enumeration", {}, {}, python=tmp_path / "bin" / "python")


def test_a_package_that_is_not_installed_is_reported_as_missing(tmp_path, monkeypatch):
    for name in ("iterstrat", "iterstrat.ml_stratifiers"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "benchmarks.peers.iterative_stratification", raising=False)
    (tmp_path / "settings.json").write_text("{}")
    run_module("iterative_stratification", tmp_path)

    assert "iterstrat" in json.loads((tmp_path / "report.json").read_text())["missing"]


def test_a_peer_that_breaks_is_an_error_and_not_a_figure(bare_python):
    with pytest.raises(PeerFailed, match="numpy"):
        run_peer("enumeration", {}, {"measured_rows": 1}, python=bare_python)


@pytest.mark.skipif(not PYTHON.exists(), reason="the peers' environment is not there: make bench makes it")
@pytest.mark.parametrize("name", ["expected_f2", "expected_f2_dp", "score", "greedy_f2", "hill_climb"])
def test_a_real_peer_agrees_on_a_tiny_size(name, capsys):
    assert command.main([name, "--json", "--size", "tiny"]) == 0
    outcome = json.loads(capsys.readouterr().out)

    assert outcome["checked"] is True
    assert outcome["ratio"] == pytest.approx(outcome["peer_seconds"] / outcome["ours_seconds"])


@pytest.mark.parametrize(("error", "says"), [(PeerMissing, "missing: no such peer"), (PeerFailed, "failed: no such peer")])
def test_a_peer_that_cannot_be_measured_costs_only_its_own_figures(error, says, monkeypatch):
    def refuse(*_):
        raise error("Traceback:\nno such peer")

    monkeypatch.setattr(harness, "run_peer", refuse)
    outcome = measure(a_sum(), 1e9, tiny=True)

    assert (outcome["peer"], outcome["peer_seconds"], outcome["met"], outcome["checked"]) == (says, None, False, True)


def test_a_peer_that_never_ends_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(peer, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(PeerFailed, match=r"end within 0\.05 seconds"):
        run_peer("enumeration", {}, {}, python=Path(sys.executable))


def test_what_takes_long_is_run_once(monkeypatch, no_peers):
    monkeypatch.setattr(harness, "LONG_SECONDS", -1.0)
    outcome = measure(a_sum(), 1e9, tiny=True)

    assert outcome["runs"] == {"ours": 1}
    assert outcome["ours_seconds"] == outcome["ours_first_seconds"]


def test_the_reference_is_the_expectation_itself():
    from itertools import product

    p = np.random.default_rng(0).random((6, 4))
    labels = p >= 0.4
    expected = np.zeros(len(p))
    for flags in product([False, True], repeat=4):
        chance = np.where(flags, p, 1 - p).prod(axis=1)
        hits, possible = (labels & flags).sum(axis=1), 4 * sum(flags) + labels.sum(axis=1)
        expected += chance * np.divide(5 * hits, possible, out=np.zeros(len(p)), where=possible > 0)

    np.testing.assert_allclose(expected_f2_of(p, labels), expected, atol=1e-15)
    sizes = labels.sum(axis=1)
    np.testing.assert_allclose(reference_expectations(p)[np.arange(len(p)), sizes], expected, atol=1e-15)


def test_the_page_names_the_misses(tmp_path, no_peers):
    def make(tiny):
        raise NotBuilt("some.function")

    outcomes = [measure(benchmark, 1e10, tiny=True) for benchmark in (BENCHMARKS["score"], Benchmark("later", "work", "peer", 2, make))]

    def run(tiny):
        raise CannotRun("there is no such machine here")

    reached = Trial("reached", "a sum", "at most 2", lambda _: Finding(1.5, True, Check(True, "as told"), "four numbers", {"ratio": 1.25}))
    findings = [try_out(reached), try_out(Trial("absent", "a sum", "at most 2", run))]
    write_page(outcomes, 1e10, findings, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()

    assert "- `score`: the peer is missing: sklearn_f_beta (not installed)" in page
    assert "- `later`: not built: some.function" in page
    assert "| `reached` | a sum | 1.5 s | ratio 1.25 | at most 2 | yes | yes |" in page
    assert "- `absent`: not run: there is no such machine here" in page


def test_the_page_says_how_long_it_took_and_what_else_there_is(tmp_path, no_peers):
    outcomes = [measure(a_sum(), 1e10, tiny=True)]
    write_page(outcomes, 1e10, (), tmp_path / "page.md", minutes=9.6, by_name=["resume"])
    page = (tmp_path / "page.md").read_text()

    assert "10 minutes when this page was written" in page
    assert "`resume`" in page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len({line.count("|") for line in rows}) == 1


def test_a_trials_figures_stand_where_scripts_look_for_them_and_a_wrong_one_is_not_met():
    def run(tiny):
        return Finding(2.0, True, Check(not tiny, "as told"), "four numbers", {"oof_accuracy": 0.98})

    right, wrong = (try_out(Trial("x", "a sum", "at least 0.975", run), tiny) for tiny in (False, True))

    assert (right["oof_accuracy"], right["seconds"], right["met"], right["checked"]) == (0.98, 2.0, True, True)
    assert (wrong["met"], wrong["checked"]) == (False, False)


def test_d4_views_are_tried_on_a_tiny_net_and_right(capsys):
    assert command.main(["tta", "--json", "--size", "tiny"]) == 0
    outcome = json.loads(capsys.readouterr().out)

    assert outcome["checked"] is True
    assert outcome["ratio"] > 1
    assert outcome["seconds"] > 0


@pytest.mark.slow
def test_augmentation_shows_the_pixels_that_torchvision_shows(capsys):
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    assert command.main(["augment", "--json", "--size", "tiny"]) == 0
    outcome = json.loads(capsys.readouterr().out)

    assert outcome["checked"] is True
    assert outcome["ratio"] == pytest.approx(outcome["peer_seconds"] / outcome["seconds"])


@pytest.mark.slow
def test_8_bit_nets_are_timed_and_their_accuracy_counted(capsys, shared_data):
    assert command.main(["int8", "--json", "--size", "tiny"]) == 0
    outcome = json.loads(capsys.readouterr().out)

    assert outcome["checked"] is True
    assert outcome["ratio"] > 0
    assert 0 < outcome["oof_accuracy"] < 1
