"""Images that a thread reads ahead are the same images."""

import threading

import numpy as np
import pytest
import torch

from pipelines import ahead, assembling
from pipelines.ahead import Ahead
from pipelines.run import run
from tests.pipelines.training import TINY, change, digests, make_data, make_job


def rows(*numbers):
    return np.array(numbers)


def test_what_was_expected_comes_from_another_thread_and_all_else_is_read_at_once():
    readers = []

    def read(asked):
        readers.append(threading.current_thread() is threading.main_thread())
        return torch.from_numpy(asked * 10)

    images = Ahead(read)
    images.expect(rows(3, 1))
    other, found, again = images.take(rows(7)), images.take(rows(3, 1)), images.take(rows(3, 1))

    assert (other.tolist(), found.tolist(), again.tolist()) == ([70], [30, 10], [30, 10])
    assert sorted(readers) == [False, True, True]


def test_what_fails_ahead_is_raised_where_it_is_asked_for():
    def read(asked):
        raise OSError(5, "Input/output error", str(asked))

    images = Ahead(read)
    images.expect(rows(1))
    with pytest.raises(OSError, match="Input/output"):
        images.take(rows(1))


def test_a_run_that_reads_ahead_ends_in_the_same_bytes(tmp_path, monkeypatch):
    # mined steps depend on losses, and are the only ones that are not foreseen; after a judgement the held-out rows are
    recipe = change(TINY, phases__0__mining={"name": "repeat_hardest", "every": 2}, predict__batch=16)
    make_data(tmp_path, test_rows=20)
    run(make_job(tmp_path, recipe, out="plain"), [0])
    foreseen, take = [], ahead.Ahead.take

    def watched(images, asked):
        foreseen.append(images._expected is not None and np.array_equal(images._expected[0], asked))
        return take(images, asked)

    monkeypatch.setattr(ahead.Ahead, "take", watched)
    monkeypatch.setattr(assembling, "pays_to_read_ahead", lambda *_: True)
    run(make_job(tmp_path, recipe, out="ahead"), [0])

    assert digests(tmp_path / "ahead") == digests(tmp_path / "plain")
    assert sum(foreseen) > len(foreseen) / 2
