"""A member's own net, from the member's own folder."""

import importlib
import sys
import textwrap

import pytest
import torch

import members
from pipelines.errors import CodeInvalid, RecipeInvalid
from pipelines.nets.groups import group_names
from pipelines.nets.registry import build_net
from pipelines.recipe import Net

NETS = """
    from torch import nn

    def build(outputs, channels, size, width=4):
        return nn.Sequential(nn.Conv2d(channels, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, outputs))

    def body(outputs, channels, size):
        made = nn.Sequential(nn.Conv2d(channels, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        made.num_features = 5
        return made

    def nothing(outputs, channels, size):
        return None
"""


@pytest.fixture
def zoe(tmp_path, monkeypatch):
    """A member with a module of nets."""
    folder = tmp_path / "zoe"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "nets.py").write_text(textwrap.dedent(NETS))
    monkeypatch.setattr(members, "__path__", [*members.__path__, str(tmp_path)])
    monkeypatch.delitem(importlib.sys.modules, "members.zoe", raising=False)
    monkeypatch.delitem(importlib.sys.modules, "members.zoe.nets", raising=False)
    importlib.invalidate_caches()
    return "members.zoe.nets"


def custom(code, features=0, **options):
    return build_net(Net(code=code, options=options), outputs=3, channels=2, size=8, features=features)


def test_a_whole_net_is_taken_as_it_is(zoe):
    net = custom(f"{zoe}:build", width=6)

    assert net(torch.rand(2, 2, 8, 8)).shape == (2, 3)
    assert net[0].out_channels == 6
    assert list(group_names(net)) == ["0", "head"]


def test_a_body_gets_a_head_and_features(zoe):
    net = custom(f"{zoe}:body", features=4)

    assert net(torch.rand(2, 2, 8, 8), torch.rand(2, 4)).shape == (2, 3)
    assert net.head.in_features == 9


@pytest.mark.parametrize(
    ("function", "options", "features", "message"),
    [
        ("build", {"widht": 3}, 0, "unexpected keyword argument 'widht'"),
        ("nothing", {}, 0, "return a torch module, got NoneType"),
        ("build", {}, 2, "body with num_features"),
        ("bulid", {}, 0, "did you mean build"),
    ],
)
def test_code_that_builds_no_net_is_refused(zoe, function, options, features, message):
    with pytest.raises(CodeInvalid, match=message):
        custom(f"{zoe}:{function}", features, **options)


@pytest.mark.parametrize("code", ["this:s", "pipelines.nets.registry:build_net", "membership.nets:build", "members:answers"])
def test_code_outside_the_members_folders_is_not_even_imported(code):
    with pytest.raises(CodeInvalid, match=r"from a folder in members/, such as .*got '" + code):
        custom(code)
    assert "this" not in sys.modules


def test_code_and_a_name_exclude_each_other():
    with pytest.raises(RecipeInvalid, match="either"):
        Net(name="small_conv", code="members.zoe.nets:build")
