"""Seeing an image in several ways, and the mean of what is said to them."""

import itertools

import numpy as np
import pytest
import torch

from pipelines.errors import ViewInvalid
from pipelines.recipe import Augment
from pipelines.run import run
from pipelines.tta import VIEWS, mean_of_views, predict_views, views_of
from pipelines.views import AMOUNTS, SYMMETRIES, halved
from tests.pipelines.training import change, make_data, make_job

SPEC = Augment(d4=True, scale=(0.8, 1.25), rotation=20, contrast=0.2, channel_add=0.1, negative=0.5)


@pytest.fixture
def images():
    """Three images in which no view can hide."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 3, 32, 32), dtype=np.uint8))


def test_every_view_differs_from_the_plain_one_and_from_each_other(images):
    seen = {view.name: view.see(images) for view in views_of(VIEWS, spec=SPEC)}

    assert len(seen) == 8 + 4 + 1 + 4 + 2 + 2 + 8
    for (name, one), (other, two) in itertools.combinations(seen.items(), 2):
        assert not torch.equal(one, two), (name, other)


@pytest.mark.parametrize("name", SYMMETRIES)
def test_a_d4_view_is_undone_exactly(images, name):
    (view,) = views_of([name])

    assert torch.equal(view.back(view.see(images)), images.float())
    assert torch.equal(view.see(view.back(images)).float(), images.float())


def test_a_quarter_turn_is_numpys_quarter_turn(images):
    (view,) = views_of(["rotate270"])

    assert np.array_equal(view.see(images).numpy(), np.rot90(images.numpy(), 3, (2, 3)))


def test_a_published_turn_that_did_nothing_would_be_seen(shared_data):
    # the author's rotate270 was a no-op in every model
    published = np.load(shared_data / "planet-tta-probs" / "tta_probs.npz")
    views = list(published["views"])
    of_rotate270, of_default = (published["probs"][views.index(name)] for name in ("rotate270", "default"))
    board = torch.arange(64.0).view(1, 1, 8, 8)
    ours = [view.see(board) for view in views_of(["plain", "rotate270"])]

    assert np.array_equal(of_rotate270, of_default)
    assert not torch.equal(*ours)


def test_a_map_made_of_a_view_comes_back_in_place(images):
    for view in views_of(["d4"]):
        brightest = view.see(images).amax(1)
        assert torch.equal(view.back(brightest), images.float().amax(1))


def test_no_view_is_counted_twice():
    names = [view.name for view in views_of(["plain", "d4", "flip", "corners", "centre", "d4"])]

    assert names == [*SYMMETRIES, "top_left", "top_right", "bottom_left", "bottom_right", "centre"]


def test_no_names_are_no_views():
    assert views_of([]) == ()


def test_a_product_sees_each_of_one_in_each_of_the_other(images):
    views = {view.name: view for view in views_of(["d4*corners"])}
    (corner,) = (view for view in views_of(["corners"]) if view.name == "top_right")

    assert len(views) == 32
    assert torch.equal(views["rotate90*top_right"].see(images), torch.rot90(corner.see(images), 1, (2, 3)))
    assert torch.equal(views["top_right"].see(images), corner.see(images))


def test_a_product_of_exact_views_is_undone_exactly(images):
    views = views_of(["flip*rotate90", "rotate180*d4"])

    assert all(torch.equal(view.back(view.see(images)), images.float()) for view in views)


def test_crops_of_a_larger_image_are_its_own_pixels(images):
    seen = {view.name: view.see(images) for view in views_of(["corners", "centre"], size=20)}
    whole = images.float()

    assert torch.equal(seen["top_left"], whole[..., :20, :20])
    assert torch.equal(seen["top_right"], whole[..., :20, -20:])
    assert torch.equal(seen["bottom_left"], whole[..., -20:, :20])
    assert torch.equal(seen["bottom_right"], whole[..., -20:, -20:])
    assert torch.equal(seen["centre"], whole[..., 6:26, 6:26])


def test_crops_of_an_image_no_larger_than_the_input_are_enlarged():
    ramp = torch.arange(32.0).expand(1, 1, 32, 32)
    seen = {view.name: view.see(ramp)[0, 0, 16] for view in views_of(["corners", "centre"], size=32)}

    assert torch.allclose(seen["top_left"][1:], (torch.arange(32) + 0.5)[1:] * 7 / 8 - 0.5, atol=1e-4)
    assert torch.allclose(seen["top_right"][:-1], (torch.arange(32) + 0.5)[:-1] * 7 / 8 + 3.5, atol=1e-4)
    assert torch.allclose(seen["centre"], (torch.arange(32) + 0.5) * 7 / 8 + 1.5, atol=1e-4)


def test_aspect_crops_stretch_one_side_and_keep_the_other():
    board = torch.arange(40.0)[:, None] * 100 + torch.arange(40)
    tall, wide = (view.see(board[None, None])[0, 0] for view in views_of(["aspects"]))

    assert (tall[:, 20].max() - tall[:, 20].min(), tall[20].max() - tall[20].min()) == (pytest.approx(3120), pytest.approx(39, rel=1e-3))
    assert (wide[:, 20].max() - wide[:, 20].min(), wide[20].max() - wide[20].min()) == (pytest.approx(3900), pytest.approx(31.2, rel=1e-3))


@pytest.mark.parametrize("size", [0, 20, 32, 48])
def test_every_view_has_the_nets_size_and_is_float32(images, size):
    side = size or 32

    for view in views_of([*VIEWS, "d4*aspects"], size, SPEC):
        seen = view.see(images)
        assert (seen.shape, seen.dtype) == ((3, 3, side, side), torch.float32), view.name


def test_random_views_are_the_same_for_all_images_and_in_every_run(images):
    for view, again in zip(views_of(["random"], spec=SPEC), views_of(["random"], spec=SPEC), strict=True):
        together = view.see(images)
        assert torch.equal(together, again.see(images))
        assert torch.allclose(together[2:], again.see(images[2:]), atol=1e-3)


def test_as_many_random_views_are_drawn_as_are_asked_for():
    some, more = (views_of([name], spec=SPEC) for name in ("random", "random70"))

    assert len(more) == 70
    assert [view.name for view in some] == [view.name for view in more[:8]]
    for name in ("random0", "random1000", "random-1"):
        with pytest.raises(ViewInvalid, match="did you mean random"):
            views_of([name], spec=SPEC)


def test_views_of_four_channels_of_sixteen_bits_keep_their_scale():
    bands = torch.from_numpy(np.random.default_rng(0).integers(0, 65536, (2, 4, 32, 32), dtype=np.uint16))

    for view in views_of(VIEWS, spec=SPEC):
        seen = view.see(bands)
        assert seen.shape == (2, 4, 32, 32), view.name
        assert 40_000 < seen.max() <= 65536, view.name
    assert torch.equal(views_of(["rotate90"])[0].see(bands), torch.rot90(bands.float(), 1, (2, 3)))


def test_random_views_have_half_the_amplitude():
    half = halved(Augment(**dict.fromkeys(AMOUNTS, 0.5), scale=(0.25, 4.0), aspect=(0.81, 1.0), crop=0.5, d4=True, code="x:y"))

    assert half == Augment(**dict.fromkeys(AMOUNTS, 0.25), scale=(0.5, 2.0), aspect=(0.9, 1.0), crop=0.75, d4=True)


def test_random_views_of_nothing_are_refused():
    for spec in (None, Augment()):
        with pytest.raises(ViewInvalid, match="expected an augmentation to draw random views from, got none"):
            views_of(["random"], spec=spec)


def test_an_unknown_view_is_refused_with_the_nearest():
    with pytest.raises(ViewInvalid, match=r"got 'rotate_90' \(did you mean rotate90\?\)"):
        views_of(["rotate_90"])


def test_a_quarter_turn_of_an_oblong_needs_a_size(images):
    (view,) = views_of(["rotate90"])

    with pytest.raises(ViewInvalid, match="expected square images for rotate90, got 20 x 32"):
        view.see(images[:, :, :20])


def test_the_geometric_mean_of_classes_is_the_softmax_of_the_mean_logits():
    logits = torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(0))
    mean = mean_of_views(logits.softmax(-1), "multiclass")

    assert torch.allclose(mean, logits.mean(0).softmax(-1), atol=1e-6)
    assert torch.allclose(mean.sum(-1), torch.ones(5))


@pytest.mark.parametrize(("task", "shape"), [("multilabel", (6, 5, 4)), ("binary", (6, 5))])
def test_the_geometric_mean_of_labels_is_the_sigmoid_of_the_mean_logits(task, shape):
    logits = torch.randn(*shape, generator=torch.Generator().manual_seed(0))

    assert torch.allclose(mean_of_views(logits.sigmoid(), task), logits.mean(0).sigmoid(), atol=1e-6)


def test_the_arithmetic_mean_is_the_mean_and_values_know_no_other():
    values = torch.tensor([[-1.0, 2], [3, 4]])

    assert mean_of_views(values.sigmoid(), "binary", "arithmetic").tolist() == pytest.approx(values.sigmoid().mean(0).tolist())
    assert mean_of_views(values, "regression").tolist() == [1, 3]


def test_a_view_that_is_certain_does_not_rule_a_class_out_alone():
    certain = torch.tensor([[[0.0, 1.0]], [[0.9, 0.1]]])

    assert 0 < mean_of_views(certain, "multiclass")[0, 0] < 0.5
    assert torch.isfinite(mean_of_views(certain, "multilabel")).all()


def test_predicting_asks_the_net_once_a_view(images):
    asked = []

    def predict(batch):
        asked.append(batch.clone())
        return batch[..., 0, 0] / 256

    answer = predict_views(predict, images, views_of(["d4"]), "multilabel", "arithmetic")
    corners = images[..., [0, 0, -1, -1], [0, -1, 0, -1]].float().mean(-1) / 256

    assert len(asked) == 8
    assert torch.allclose(answer, corners)


def test_an_unknown_view_is_an_error_before_anything_is_trained(tmp_path):
    make_data(tmp_path, rows=20, test_rows=0)
    job = make_job(tmp_path, change(predict__tta=["plain", "d5"]))

    with pytest.raises(ViewInvalid, match="got 'd5'"):
        run(job)
    assert not job.out.exists()
