"""What is trained when follows from the recipe and the number of rows."""

import numpy as np

from pipelines.phases import stretches, whole_steps
from pipelines.recipe_toml import from_json


def laid(rows, **phase):
    recipe = from_json({"name": "x", "net": {"name": "small_conv"}, "phases": [{"epochs": 2, "batch": 10} | phase]})
    return stretches(recipe.phases * 2, rows)


def test_a_batch_that_cannot_be_filled_is_left_out():
    first, second = laid(39)

    assert (first.regular, first.steps, second.first, whole_steps(laid(39))) == (3, 6, 6, 12)


def test_fewer_rows_than_a_batch_are_one():
    assert laid(4)[0].steps == 2


def test_parts_of_epochs_are_trained():
    assert laid(40, epochs=0.5)[0].steps == 2
    assert laid(40, epochs=1.25)[0].evaluations() == (4, 5)


def test_nets_are_judged_at_each_part_of_an_epoch_and_at_the_end():
    assert laid(40)[0].evaluations() == (4, 8)
    assert laid(40, checkpoints=2)[0].evaluations() == (2, 4, 6, 8)
    assert laid(40, checkpoints=0)[0].evaluations() == ()


def test_mined_steps_come_on_top_of_all_rows():
    stretch = laid(60, mining={"name": "repeat_hardest", "every": 2})[0]
    mined = [step for step in range(stretch.steps) if stretch.is_mined(step)]
    places = [stretch.place(step) for step in range(stretch.steps_an_epoch) if not stretch.is_mined(step)]

    assert (stretch.regular, stretch.steps_an_epoch) == (6, 9)
    assert mined == [2, 5, 8, 11, 14, 17]
    assert places == list(range(6))


def test_the_mined_step_always_has_a_window_of_regular_steps_in_its_epoch():
    for every in range(1, 8):
        stretch = laid(170, mining={"name": "repeat_hardest", "every": every})[0]
        mined = np.array([stretch.is_mined(step) for step in range(stretch.steps)])

        assert mined.sum() == 2 * (17 // every)
        assert all(not mined[step - every : step].any() for step in np.flatnonzero(mined))
