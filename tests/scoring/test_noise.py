"""How sure a score is, on the leaderboard: the interval, the gap and the mark "within noise", entered by HTTP."""

import itertools
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from stackyard.config.tasks import reap
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.noise import is_within_noise, score_interval
from stackyard.numerics.resampling import resampled_scores
from stackyard.predictions.models import Prediction
from stackyard.scoring import tasks
from stackyard.scoring.models import Comparison, Score
from stackyard.scoring.services import score_prediction
from stackyard.storage.queries import load_array
from stackyard.work.leases import MAX_ATTEMPTS, RESEND_AFTER, STALE_AFTER

from tests.ensembles.yard import keep_prediction, open_competition, predictions_of, subject

pytestmark = pytest.mark.once

MODELS = ("line", "near", "tree", "bayes")


@pytest.fixture
def iris(world, eager_tasks):
    competition = open_competition(world.admin, "iris")
    for model in MODELS:
        keep_prediction(world.member, competition, model)
    return competition


def board(world, query="", slug="iris"):
    return world.reader.get(f"competitions/{slug}/leaderboard{query}").json()


def resampled_by_hand(model, name="iris"):
    data = subject(name)
    return resampled_scores(METRICS[data.metric], data.truth[~data.is_test], predictions_of(name, model)[0], data.options)


def test_a_row_tells_the_interval_of_its_score(world, iris):
    for row in board(world):
        interval = score_interval(resampled_by_hand(row["name"]))
        assert (row["low"], row["high"]) == (interval.low, interval.high)
        assert row["low"] < row["score"] < row["high"]
        shown = world.reader.get(f"predictions/{row['id']}").json()
        assert (shown["low"], shown["high"], shown["gap"]) == (row["low"], row["high"], row["gap"])


def test_a_row_is_marked_where_it_is_within_noise_of_the_row_above(world, iris):
    rows = board(world)

    assert rows[0]["within_noise"] is None
    for above, row in itertools.pairwise(rows):
        assert row["within_noise"] is is_within_noise(resampled_by_hand(above["name"]), resampled_by_hand(row["name"]))
    assert {row["within_noise"] for row in rows[1:]} == {True, False}


def test_marks_follow_the_ranks(world, iris):
    best = board(world)[0]["name"]
    keep_prediction(world.admin, iris, best, name="copy")
    rows = board(world)

    assert [row["name"] for row in rows[:2]] == [best, "copy"]
    assert rows[1]["within_noise"] is True
    assert all(row["within_noise"] is not None for row in rows[1:])


def test_every_ranking_that_can_be_asked_for_has_its_marks(world, iris):
    keep_prediction(world.member, iris, "line", name="near")
    keep_prediction(world.member, iris, "tree", level=2, name="stacked")
    for query in ("", "?level=1", "?level=2", "?versions=all", "?versions=all&level=1", "?ordering=name"):
        rows = sorted(board(world, query), key=lambda row: row["rank"])
        assert [row["within_noise"] is None for row in rows] == [True] + [False] * (len(rows) - 1), query


def test_only_neighbours_are_compared(world, iris):
    assert Comparison.objects.count() <= 2 * len(MODELS)


def test_the_gap_is_positive_where_the_in_sample_score_flatters(world, eager_tasks):
    competition = open_competition(world.admin, "tags")
    for model in ("line", "near"):
        keep_prediction(world.admin, competition, model)
    for row in board(world, slug="tags"):
        assert row["gap"] == pytest.approx(row["in_sample"] - row["score"])
        assert row["gap"] > 0
        assert row["low"] < row["score"] < row["high"]
    keep_prediction(world.admin, open_competition(world.admin, "diabetes"), "line")
    assert board(world, slug="diabetes")[0]["gap"] == 0.0


def test_the_gap_has_the_same_sign_where_lower_is_better(world, iris):
    Score.objects.filter(prediction__name="line").update(in_sample=0.0)
    row = next(row for row in board(world) if row["name"] == "line")

    assert row["gap"] == pytest.approx(row["score"])


def test_labels_are_judged_as_they_were_decided(world, eager_tasks):
    prediction = keep_prediction(world.admin, open_competition(world.admin, "tags"), "line")
    data = subject("tags")
    judged = load_array(Score.objects.get(prediction=prediction).judged_digest)

    assert judged.dtype == np.bool_
    assert METRICS[data.metric](data.truth[~data.is_test], judged, **data.options) == prediction.score


def test_the_score_stands_before_anybody_has_measured_it(world):
    prediction = keep_prediction(world.member, open_competition(world.admin, "iris"), "line")
    row = board(world)[0]

    assert (row["score"], row["low"], row["high"], row["within_noise"]) == (prediction.score, None, None, None)


@pytest.fixture
def waiting(world):
    """Return the key of a score that nobody has measured."""
    return keep_prediction(world.member, open_competition(world.admin, "iris"), "line").score_row.pk


def test_measuring_twice_changes_nothing(world, waiting):
    tasks.measure(waiting)
    first = Score.objects.values().get()
    tasks.measure(waiting)

    assert first["measured_at"] is not None
    assert Score.objects.values().get() == first


def test_a_lost_message_is_sent_again(world, waiting, eager_tasks):
    reap()
    assert board(world)[0]["low"] is None

    Score.objects.update(queued_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1))
    reap()
    assert board(world)[0]["low"] is not None


@pytest.mark.parametrize(("attempt", "is_measured"), [(MAX_ATTEMPTS - 1, True), (MAX_ATTEMPTS, False)])
def test_what_a_dead_worker_left_is_tried_three_times(world, waiting, eager_tasks, attempt, is_measured):
    dead = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    Score.objects.update(lease_owner="dead", lease_beat_at=dead, attempt=attempt)
    reap()

    assert (board(world)[0]["low"] is not None) is is_measured
    assert Score.objects.get().measured_at is not None


def test_a_death_between_interval_and_comparison_leaves_no_pair_out(world, iris):
    prediction = keep_prediction(world.admin, iris, "line", name="other")
    Comparison.objects.all().delete()
    Score.objects.filter(prediction=prediction).update(measured_at=None)
    tasks.measure(prediction.score_row.pk)

    assert all(row["within_noise"] is not None for row in board(world)[1:])


def test_a_new_score_ends_what_was_said_of_the_old_one(world, iris, monkeypatch):
    prediction = Prediction.objects.get(name=board(world)[1]["name"])
    monkeypatch.setattr("stackyard.scoring.services.send_on_commit", lambda *_: None)
    score_prediction(prediction)
    rows = board(world)

    assert (rows[1]["low"], rows[1]["within_noise"], rows[2]["within_noise"]) == (None, None, None)
    tasks.measure(prediction.score_row.pk)
    assert None not in {row["within_noise"] for row in board(world)[1:]}


def test_the_leaderboard_is_read_with_few_queries(world, iris, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        board(world)
