"""Every benchmark and every trial by name."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from benchmarks import (
    augmenting,
    bagging,
    climbing,
    deciding,
    digits,
    fine_tuning,
    folding,
    gpu,
    growing,
    many_models,
    planet_session,
    plankton,
    quantising,
    regressing,
    resuming,
    scoring,
    selecting,
    viewing,
)
from benchmarks.benchmark import Benchmark
from benchmarks.trial import Trial

PLANET = "40,479 x 17"

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("expected_f2", "61,191 x 17, 5 uncertain labels a row", "enumeration", 40_000, deciding.against_enumeration),
        Benchmark("expected_f2_dp", "61,191 x 17, 5 uncertain labels a row", "ye_python", 6_000, deciding.against_ye),
        Benchmark("folds", f"{PLANET}, 10 folds", "iterative_stratification", 8, folding.make),
        Benchmark("score", f"F2 by fold, one upload of {PLANET}", "sklearn_f_beta", 400, scoring.make),
        Benchmark(
            "greedy_log_loss",
            f"48 models of {PLANET}, 50 steps",
            "autogluon_greedy",
            120,
            partial(selecting.make, models=48, measured_steps=50),
        ),
        Benchmark(
            "greedy_log_loss_480",
            f"480 models of {PLANET}, 50 steps",
            "autogluon_greedy",
            80,
            partial(selecting.make, models=480, measured_steps=5),
        ),
        Benchmark("greedy_plankton", "20 models of 30,336 x 121, 50 steps", "autogluon_greedy", 3_000, selecting.make_plankton),
        Benchmark(
            "greedy_f2",
            f"48 models of {PLANET}, threshold {selecting.CUT}, 50 steps",
            "autogluon_greedy",
            40,
            partial(selecting.make, models=48, measured_steps=50, metric="f_beta_samples_score"),
        ),
        Benchmark("nested_bagged_greedy", f"48 models of {PLANET}, 10 folds nested and 20 bags", "autogluon_greedy", 200, bagging.make),
        Benchmark("ridge", "816 features, 17 labels, 10 folds, 12 penalties", "sklearn_ridge", 300, regressing.make_ridge),
        Benchmark("logistic", "48 features, 17 labels, 10 folds", "sklearn_logistic", 12, regressing.make_logistic),
        Benchmark("trees", "816 features, 17 labels, 10 folds", "sklearn_extra_trees", 40, growing.make),
        Benchmark("hill_climb", f"one round, 47 models x 50 weights, {PLANET}", "hillclimbers_round", 2_500, climbing.make),
        Benchmark("augment", augmenting.WORK, "torchvision_v2", 5, augmenting.make, peer_python=Path(sys.executable)),
    )
}

TRIALS: dict[str, Trial] = {
    trial.name: trial
    for trial in (
        Trial("digits", digits.WORK, digits.GOAL, digits.run),
        Trial("resume", resuming.WORK, resuming.GOAL, resuming.run),
        Trial("plankton", plankton.WORK, plankton.GOAL, plankton.run, always=False),
        Trial("planet_session", planet_session.WORK, planet_session.GOAL, planet_session.run, always=False),
        Trial("many_models", many_models.WORK, many_models.GOAL, many_models.run, always=False),
        Trial("gpu", gpu.WORK, gpu.GOAL, gpu.run, always=False),
        Trial("fine_tune", fine_tuning.WORK, fine_tuning.GOAL, fine_tuning.run, always=False),
        Trial("int8", quantising.WORK, quantising.GOAL, quantising.run),
        Trial("tta", viewing.WORK, f"at most {viewing.MOST} times one view", viewing.run),
    )
}
