"""What the clock asks for."""

from celery import shared_task
from django.utils import timezone

from stackyard.competitions.services import give_up_competition, unprepared_competitions
from stackyard.competitions.tasks import prepare
from stackyard.ensembles.insights import ask_for_insights, give_up_insight, unfinished_insights
from stackyard.ensembles.permuted import give_up_permuted, unfinished_permuted
from stackyard.ensembles.services import give_up_ensemble, unfinished_ensembles
from stackyard.ensembles.sharing import give_up_fit, unfitted
from stackyard.ensembles.tasks import compute_insight, fit, run, run_permuted
from stackyard.predictions.services import give_up_prediction, unread_predictions
from stackyard.scoring.tasks import measure, read_and_score
from stackyard.scoring.unmeasured import give_up_measuring, unmeasured_scores
from stackyard.storage.services import reap_partials
from stackyard.submissions.services import give_up_submission, unbuilt_submissions
from stackyard.submissions.tasks import build
from stackyard.work.leases import requeue_stale


@shared_task
def reap() -> None:
    """Send again what a dead worker left behind or the broker lost; many may reap at once."""
    requeue_stale(unprepared_competitions(), prepare.delay, give_up_competition)
    requeue_stale(unread_predictions(), read_and_score.delay, give_up_prediction)
    requeue_stale(unmeasured_scores(), measure.delay, give_up_measuring)
    requeue_stale(unfinished_ensembles(), run.delay, give_up_ensemble)
    requeue_stale(unfitted(), fit.delay, give_up_fit)
    requeue_stale(unfinished_permuted(), run_permuted.delay, give_up_permuted)
    requeue_stale(unfinished_insights(), compute_insight.delay, give_up_insight)
    requeue_stale(unbuilt_submissions(), build.delay, give_up_submission)
    reap_partials(timezone.now())


@shared_task
def look_around() -> None:
    """Have insights made where predictions have come; many may look at once."""
    for key in ask_for_insights(timezone.now()):
        compute_insight.delay(key)
