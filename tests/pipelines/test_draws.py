import numpy as np
import torch

from pipelines import draws


def test_a_draw_depends_on_seed_purpose_and_numbers_alone():
    def draw(*key):
        return draws.generator(*key).random(4).tolist()

    assert draw(0, "crop", 7) == draw(0, "crop", 7)
    assert len({tuple(draw(*key)) for key in [(0, "crop", 7), (1, "crop", 7), (0, "flip", 7), (0, "crop", 8), (0, "crop")]}) == 5


def test_a_draw_is_the_same_on_every_machine():
    assert draws.order(5, 3, "shuffle", 1).tolist() == [3, 4, 1, 0, 2]


def test_torch_draws_alike():
    def draw(*key):
        return torch.rand(4, generator=draws.torch_generator(*key)).tolist()

    assert draw(0, "noise", 1) == draw(0, "noise", 1) != draw(0, "noise", 2)


def test_a_step_sets_what_dropout_draws():
    drawn = []
    for step in (5, 6, 5):
        draws.seed_step(0, step)
        drawn.append(torch.nn.functional.dropout(torch.ones(64)).numpy())

    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert (drawn[0] != drawn[1]).any()
