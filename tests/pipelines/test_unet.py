"""U-Nets on encoders of timm, and the masks they learn."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from pipelines.errors import DataInvalid, RecipeInvalid, WeightsMismatch
from pipelines.masks import box_masks, boxes_of, iou_scores, mask_loss
from pipelines.nets.groups import group_names, train_only
from pipelines.nets.timm_nets import make_body
from pipelines.nets.unet import build_unet

SIDE = 32
TINY = {"encoder": "test_efficientnet", "channels": 1, "outputs": 1, "width": 8}


def scenes(count, seed):
    """Noisy images with a brighter ellipse each, its box as what is known, and its own shape."""
    random = torch.Generator().manual_seed(seed)
    corner = torch.randint(2, 14, (count, 2), generator=random)
    sides = torch.randint(9, 17, (count, 2), generator=random)
    boxes = torch.cat([corner, (corner + sides).clamp_max(SIDE)], 1)
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    places = torch.arange(SIDE) + 0.5
    across, down = ((places - middle[:, axis, None]) / half[:, axis, None] for axis in (0, 1))
    shapes = across[:, None, :].square() + down[:, :, None].square() <= 1
    return torch.randn(count, 1, SIDE, SIDE, generator=random) * 0.5 + 2 * shapes[:, None], boxes, shapes


@pytest.mark.parametrize(("encoder", "size"), [("vgg11", (64, 96)), ("resnet34", (64, 64)), ("resnet10t", (45, 61))])
def test_masks_have_the_images_own_size(encoder, size):
    with torch.device("meta"):
        net = build_unet(outputs=2, channels=3, encoder=encoder).eval()

    assert net(torch.empty(2, 3, *size, device="meta")).shape == (2, 2, *size)
    assert list(group_names(net))[-2:] == ["decoder", "head"]
    assert sorted(name for group in group_names(net).values() for name in group) == sorted(name for name, _ in net.named_parameters())


def test_an_encoder_starts_from_a_classifiers_weights(tmp_path):
    torch.manual_seed(0)
    theirs = make_body("resnet10t", 3, {}, num_classes=5).state_dict()
    save_file(theirs, tmp_path / "r.safetensors")
    net = build_unet(encoder="resnet10t", outputs=1, weights="r.safetensors", folder=tmp_path)

    assert torch.equal(net.encoder.layer4[0].conv1.weight, theirs["layer4.0.conv1.weight"])
    with pytest.raises(WeightsMismatch, match="missing"):
        build_unet(encoder="resnet18", outputs=1, weights="r.safetensors", folder=tmp_path)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(RecipeInvalid, match="did you mean resnet34"):
        build_unet(encoder="resnet34x", outputs=1)


@pytest.mark.slow
def test_boxes_as_masks_teach_a_net_where_things_are():
    torch.manual_seed(0)
    net = build_unet(**TINY)
    images, boxes, _ = scenes(96, seed=1)
    train_only(net, "all")
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for step in range(40):
        rows = torch.arange(16) + 16 * (step % 6)
        optimiser.zero_grad()
        mask_loss(net(images[rows]), box_masks(boxes[rows], SIDE, SIDE)[:, None]).mean().backward()
        optimiser.step()
    unseen, truth, _ = scenes(32, seed=2)
    with torch.no_grad():
        found = net.eval()(unseen)[:, 0] > 0

    assert iou_scores(found, box_masks(truth, SIDE, SIDE)).mean() > 0.8
    assert iou_scores(torch.ones_like(found), box_masks(truth, SIDE, SIDE)).mean() < 0.25


def test_the_loss_falls_as_masks_agree_and_the_score_is_their_overlap():
    truth = torch.zeros(1, 4, 4, dtype=torch.bool)
    truth[:, :2] = True
    half = torch.zeros_like(truth)
    half[:, :1] = True
    right, wrong = (10.0 * (2.0 * mask - 1) for mask in (truth.float(), half.float()))

    assert iou_scores(half, truth).tolist() == [0.5]
    assert mask_loss(right, truth) < 1e-3 < mask_loss(wrong, truth) < mask_loss(-right, truth)
    assert mask_loss(right, truth, share=1.0) < 1e-3


def test_two_empty_masks_agree_and_masks_of_other_shapes_are_refused():
    assert iou_scores(torch.zeros(1, 2, 2, dtype=torch.bool), torch.zeros(1, 2, 2, dtype=torch.bool)).tolist() == [1.0]
    with pytest.raises(DataInvalid, match="bool masks of one shape"):
        iou_scores(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))


@given(st.integers(0, 5), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4))
def test_the_box_around_a_box_is_the_box(left, top, width, height):
    box = torch.tensor([[left, top, left + width, top + height]])

    assert torch.equal(boxes_of(box_masks(box, 8, 9)), box)


def test_the_box_of_an_empty_mask_is_empty():
    assert boxes_of(torch.zeros(1, 3, 3, dtype=torch.bool)).tolist() == [[0, 0, 0, 0]]
