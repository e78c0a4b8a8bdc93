"""What the rate is at each position, against the formulas the teams gave and PyTorch's own schedulers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import RecipeInvalid
from pipelines.recipe import Schedule
from pipelines.schedules import SCHEDULES, rate_at


def rates(schedule, epochs, steps_an_epoch=1, history=(), batch=32):
    steps = epochs * steps_an_epoch
    return [rate_at(schedule, step, steps_an_epoch, steps, history[: step // steps_an_epoch], batch) for step in range(steps)]


def torch_rates(make, epochs, losses=None):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler, found = make(optimiser), []
    for epoch in range(epochs):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step(*([losses[epoch]] if losses else []))
    return found


def test_steps_fall_as_torch_says_by_period_and_by_milestones():
    by_period = torch_rates(lambda optimiser: torch.optim.lr_scheduler.StepLR(optimiser, 20, 0.5), 60)
    by_milestones = torch_rates(lambda optimiser: torch.optim.lr_scheduler.MultiStepLR(optimiser, [3, 7], 0.1), 12)

    assert rates(Schedule(name="steps", rate=0.1, period=20, factor=0.5), 60) == pytest.approx(by_period)
    assert rates(Schedule(name="steps", rate=0.1, steps=(3, 7)), 12) == pytest.approx(by_milestones)


def test_romuls_rate_is_base_times_a_third_to_the_epoch_over_thirty():
    found = rates(Schedule(name="exponential", rate=0.02, factor=0.33, period=30), 50)

    assert found == pytest.approx([0.02 * 0.33 ** (epoch / 30) for epoch in range(50)])


def test_the_cycle_spends_as_long_in_each_power_of_ten_and_starts_again():
    found = rates(Schedule(name="cyclic", rate=1e-3, low=1e-6, period=3), 7)

    assert found == pytest.approx([1e-3, 1e-4, 1e-5, 1e-3, 1e-4, 1e-5, 1e-3])


def test_a_triangle_rises_and_falls_in_a_line():
    found = rates(Schedule(name="triangular", rate=1.0, low=0.2, period=4), 9)

    assert found == pytest.approx([0.2, 0.6, 1.0, 0.6, 0.2, 0.6, 1.0, 0.6, 0.2])


def test_the_cosine_is_torchs_over_the_phase_and_over_periods():
    whole = torch_rates(lambda optimiser: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 10, eta_min=0.01), 10)
    restarts = torch_rates(lambda optimiser: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, 4, eta_min=0.01), 10)

    assert rates(Schedule(name="cosine", rate=0.1, low=0.01), 10) == pytest.approx(whole)
    assert rates(Schedule(name="cosine", rate=0.1, low=0.01, period=4), 10) == pytest.approx(restarts)


@given(st.lists(st.floats(0.1, 2.0), min_size=1, max_size=30), st.integers(1, 4))
def test_a_plateau_drops_as_torch_does_from_recorded_losses_alone(losses, patience):
    # torch counts "more than patience" bad epochs, ours counts patience of them
    make = lambda optimiser: torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=patience - 1, eps=0)  # noqa: E731

    found = rates(Schedule(name="plateau", rate=0.1, factor=0.5, patience=patience), len(losses), history=losses)

    assert found == pytest.approx(torch_rates(make, len(losses), losses))


def test_a_plateau_counts_nan_as_no_better_and_stops_at_its_floor():
    found = rates(Schedule(name="plateau", rate=0.1, factor=0.1, patience=2, low=0.005), 8, history=[1.0] + [math.nan] * 7)

    assert found == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005, 0.005])


def test_a_warm_up_rises_step_by_step_to_the_schedules_rate():
    found = rates(Schedule(name="constant", rate=0.4, warm_up=0.5), 2, steps_an_epoch=4)

    assert found == pytest.approx([0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4])


def test_scaling_is_linear_in_the_batch():
    schedule = Schedule(name="constant", rate=0.1, scale_with_batch=True)

    assert [rate_at(schedule, 0, 1, 1, (), batch) for batch in (64, 256, 1024)] == pytest.approx([0.025, 0.1, 0.4])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_positive_at_every_step_and_never_above_its_rate(name):
    schedule = Schedule(name=name, rate=0.1, low=1e-4, period=1.5, patience=1, factor=0.5)
    found = rates(schedule, 5, steps_an_epoch=7, history=[1, 1, 1, 1, 1])

    assert all(1e-4 <= rate <= 0.1 for rate in found)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(name="cosin"),
        Schedule(name="steps"),
        Schedule(name="exponential"),
        Schedule(name="cyclic", period=3),
        Schedule(name="cyclic", low=1, rate=0.1, period=3),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(schedule):
    with pytest.raises(RecipeInvalid, match="schedule"):
        rate_at(schedule, 0, 10, 100, (), 32)
