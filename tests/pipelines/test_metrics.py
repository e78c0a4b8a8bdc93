"""The few metrics that training follows are the server's."""

import numpy as np
import pytest
from stackyard.numerics.metrics import METRICS as SERVERS

from pipelines.metrics import METRICS, metric_for

RNG = np.random.default_rng(0)
SHAPES = {"binary": (200,), "multiclass": (200, 4), "multilabel": (200, 4), "regression": (200,)}


def made(task):
    prediction = RNG.random(SHAPES[task]).round(2)
    if task == "multiclass":
        return RNG.integers(0, 4, 200), prediction / prediction.sum(1, keepdims=True)
    return (RNG.random(SHAPES[task]) < 0.4) if task != "regression" else RNG.random(200), prediction


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, metric in METRICS.items() for task in metric.tasks])
def test_each_is_the_servers_own(name, task):
    truth, prediction = made(task)
    server = SERVERS[name]
    expected = server.function(truth, _decided(server, truth, prediction), **server.options)

    assert METRICS[name].function(truth, prediction) == pytest.approx(expected)
    assert METRICS[name].higher_is_better is server.higher_is_better
    assert task in server.tasks


def _decided(server, truth, prediction):
    if server.needs == "labels" and prediction.ndim > truth.ndim:
        return prediction.argmax(1)
    return prediction


def test_what_cannot_be_followed_is_judged_by_the_tasks_own_loss():
    assert metric_for("quadratic_weighted_kappa_score", "multiclass").name == "multiclass_log_loss"
    assert metric_for("f_beta_samples_score", "multilabel").name == "f_beta_samples_score"
    assert metric_for("f_beta_samples_score", "multiclass").name == "multiclass_log_loss"
    assert metric_for("", "regression").name == "rmse_loss"


def test_lower_is_better_for_every_loss():
    assert metric_for("accuracy_score", "binary").loss(0.9) == -0.9
    assert metric_for("rmse_loss", "regression").loss(0.9) == 0.9


def test_one_class_alone_has_no_area():
    assert np.isnan(METRICS["roc_auc_score"].function(np.ones(3, bool), np.array([0.1, 0.2, 0.3])))
