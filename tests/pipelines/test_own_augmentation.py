"""A member's own code as the last step of an augmentation."""

import dataclasses
import sys

import numpy as np
import pytest
import torch

import members
from pipelines.errors import CodeInvalid
from pipelines.member_code import code_digest
from pipelines.recipe import Augment
from tests.pipelines.augmenting import EVERYTHING, drawn, make_images


@pytest.fixture
def images():
    return make_images()


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """Write a member's module of functions, and return its name."""
    (tmp_path / "stripes_of_somebody.py").write_text(
        "def dimmed(images, chances):\n"
        "    assert images.max() <= 1\n"
        "    return images * images.new_tensor(chances.of('scale')).view(-1, 1, 1, 1)\n"
        "def too_small(images, chances):\n"
        "    return images[:, :, 1:]\n"
        "A_NUMBER = 3\n"
    )
    monkeypatch.setattr(members, "__path__", [*members.__path__, str(tmp_path)])
    yield "members.stripes_of_somebody"
    sys.modules.pop("members.stripes_of_somebody", None)


def test_a_members_own_code_comes_last_with_numbers_of_its_own_for_each_image(images, own_code):
    spec = dataclasses.replace(EVERYTHING, code=f"{own_code}:dimmed")
    rows, order = np.array([40, 3, 17, 900, 5, 6]), np.array([4, 1, 3])
    before, after = drawn(images, EVERYTHING, rows=rows), drawn(images, spec, rows=rows)
    factors = (after / before.clamp_min(1)).amax((1, 2, 3))

    assert torch.allclose(after, before * factors.view(-1, 1, 1, 1), atol=1e-2)
    assert len(factors.unique()) == 6
    assert torch.allclose(drawn(images[order], spec, rows=rows[order]), after[order], atol=1e-3)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("too_small", r"expected images torch.float32 \(6, 3, 24, 24\) from .*:too_small, got torch.float32 \(6, 3, 23, 24\)"),
        ("dimed", r"expected 'dimed' in members.stripes_of_somebody, .*did you mean dimmed\?"),
        ("A_NUMBER", "expected a function behind 'members.stripes_of_somebody:A_NUMBER', got int"),
        ("", r'expected code such as "members.kostia.nets:build", got \'members.stripes_of_somebody:\''),
    ],
)
def test_own_code_that_does_not_keep_to_its_part_is_refused(images, own_code, code, said):
    with pytest.raises(CodeInvalid, match=said):
        drawn(images, Augment(code=f"{own_code}:{code}"))


def test_own_code_that_is_not_there_is_refused(images):
    with pytest.raises(CodeInvalid, match=r"No module named 'members\.nobody'"):
        drawn(images, Augment(code="members.nobody.augmenting:dimmed"))


def test_a_change_in_a_members_folder_is_other_code(own_code, tmp_path):
    before = code_digest(f"{own_code}:dimmed")
    (tmp_path / "imported_by_it.py").write_text("A = 1")

    assert len(before) == 64
    assert code_digest(f"{own_code}:dimmed") not in {before, code_digest("members._template.nets:build")}
