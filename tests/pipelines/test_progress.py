"""Progress for programs and for people."""

import io
import json

from pipelines.progress import Pace, as_bar, as_lines

STEP = {"event": "step", "fold": 1, "phase": 0, "loss": 0.5, "rate": 0.01, "done": 0.5, "images_a_second": 1000.0, "eta_seconds": 61.0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_each_event_is_one_json_line():
    stream = io.StringIO()
    report = as_lines(stream)
    report(STEP)
    report({"event": "note", "detail": "a\nb"})

    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [STEP, {"event": "note", "detail": "a\nb"}]


def test_the_bar_is_drawn_over_itself_and_epochs_stay():
    stream = Terminal()
    report = as_bar(stream)
    report(STEP)
    report({"event": "epoch", "fold": 1, "loss": 0.25})

    assert stream.getvalue().count("\n") == 1
    assert "1:01 left" in stream.getvalue()
    assert "loss 0.25" in stream.getvalue().splitlines()[-1]


def test_a_file_gets_no_bar():
    stream = io.StringIO()
    report = as_bar(stream)
    report(STEP)
    report({"event": "note", "detail": "x"})

    assert "█" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_the_time_that_is_left_counts_only_this_processs_steps():
    clock = iter([0.0, 2.0, 2.0, 4.0])
    pace = Pace(steps=100, passed=50, now=lambda: next(clock))

    assert pace.pass_step(32) is True
    assert pace.figures() == {"done": 0.51, "images_a_second": 8.0, "eta_seconds": 196.0}
