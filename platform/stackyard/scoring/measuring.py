"""How sure a score is, and which neighbours differ by no more than noise. Heavy: for workers only, after the score stands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from django.utils import timezone

from stackyard.competitions.models import Competition
from stackyard.competitions.queries import load_truth
from stackyard.numerics.metrics import metric_for
from stackyard.numerics.noise import is_within_noise, score_interval
from stackyard.numerics.resampling import resampled_scores
from stackyard.scoring.models import Comparison, Score
from stackyard.scoring.queries import BoardFilter, ranked
from stackyard.scoring.unmeasured import unmeasured_scores
from stackyard.storage.queries import load_array
from stackyard.storage.services import store_array
from stackyard.work.leases import claim, holding, new_owner


def measure_score(key: int) -> None:
    """Find a score's interval and compare the prediction with its neighbours; safe to run twice.

    It counts as measured only once the neighbours are compared, so that a worker's death leaves nothing half done.
    """
    owner = new_owner()
    rows = Score.objects.filter(pk=key)
    if not claim(unmeasured_scores().filter(pk=key), owner):
        return
    with holding(rows, owner):
        score = rows.select_related("prediction__competition").get()
        # Scored anew meanwhile: then this is told of nobody, and the message of the new score measures it.
        mine = rows.filter(lease_owner=owner, judged_digest=score.judged_digest, computed_at=score.computed_at)
        mine.update(**_resample(score))
        compare_neighbours(score.prediction.competition)
        mine.update(measured_at=timezone.now())


def _resample(score: Score) -> dict[str, str | float | None]:
    competition = score.prediction.competition
    metric = metric_for(competition.metric, competition.task)
    scores = resampled_scores(metric, load_truth(competition), load_array(score.judged_digest), competition.metric_options)
    interval = score_interval(scores)
    digest = store_array(competition.team_id, scores)
    return {"resampled_digest": digest, "low": interval and interval.low, "high": interval and interval.high}


def compare_neighbours(competition: Competition) -> None:
    """Compare all predictions that are next to each other in a ranking and were not compared before.

    The last worker to store its resamples sees those of all others, so however many run at once no pair is left out.
    """
    known = set(Comparison.objects.filter(below__competition=competition).values_list("above", "below"))
    digests = dict(
        Score.objects.filter(prediction__competition=competition).exclude(resampled_digest="").values_list("prediction", "resampled_digest")
    )
    pairs = {pair for pair in _neighbours(competition) if pair not in known and digests.keys() >= set(pair)}
    verdicts = ((pair, is_within_noise(*(load_array(digests[key]) for key in pair))) for pair in pairs)
    made = [
        Comparison(above_id=above, below_id=below, within_noise=is_noise) for (above, below), is_noise in verdicts if is_noise is not None
    ]
    Comparison.objects.bulk_create(made, ignore_conflicts=True)


def _neighbours(competition: Competition) -> Iterator[tuple[int, int]]:
    """Yield the pairs of every ranking that the leaderboard can show: the latest or all versions, of all levels or of one."""
    levels = competition.predictions.order_by().values_list("level", flat=True).distinct()
    for versions in ("latest", "all"):
        for level in (None, *levels):
            yield from pairwise(ranked(competition, BoardFilter(level=level, versions=versions)).values_list("pk", flat=True))
