"""Local files of pretrained weights: where they are looked for, what is refused, and what of them a net takes."""

import pytest
import torch
from safetensors.torch import save_file

from pipelines import record
from pipelines.assembling import make_net
from pipelines.errors import RunMismatch, WeightsMismatch, WeightsMissing
from pipelines.nets.registry import build_net
from pipelines.nets.weights import find_weights, read_weights, weights_digest
from pipelines.recipe import Net
from pipelines.recipe_toml import as_json, from_json
from tests.pipelines.training import TINY, change, make_data, make_job


class Explosive:
    """What a hostile file would run when it is unpickled."""

    def __reduce__(self):
        return (print, ("code was run",))


def tiny(outputs=3, channels=3, seed=0, weights="", folder="", stages=2):
    torch.manual_seed(seed)
    net = Net(name="small_conv", options={"width": 4, "stages": stages}, weights=weights)
    return build_net(net, outputs, channels, 8, folder=folder)


@pytest.fixture
def saved(tmp_path):
    net = tiny()
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    return net


def test_a_net_starts_from_its_file_beside_the_recipe(saved, tmp_path):
    net = tiny(seed=1, weights="net.safetensors", folder=tmp_path)

    assert all(torch.equal(value, saved.state_dict()[name]) for name, value in net.state_dict().items())


def test_a_folder_can_be_named_for_all_recipes(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("STACKYARD_WEIGHTS", str(tmp_path))

    assert find_weights("net.safetensors", folder=tmp_path / "elsewhere") == tmp_path / "net.safetensors"


def test_a_missing_file_is_named_with_the_places(tmp_path, monkeypatch):
    monkeypatch.delenv("STACKYARD_WEIGHTS", raising=False)

    with pytest.raises(WeightsMissing, match=r"absent\.pth.*STACKYARD_WEIGHTS"):
        find_weights("absent.pth", tmp_path)


def test_a_head_for_other_classes_stays_random_and_the_body_is_taken(saved, tmp_path):
    net = tiny(outputs=5, seed=1, weights="net.safetensors", folder=tmp_path)

    assert net.head.weight.shape == (5, 8)
    assert torch.equal(net.body.stage2[1].weight, saved.body.stage2[1].weight)


def test_a_grey_net_answers_grey_images_as_the_coloured_one_did(saved, tmp_path):
    net = tiny(channels=1, seed=1, weights="net.safetensors", folder=tmp_path)
    grey = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        ours, theirs = net.body.stage1[0](grey), saved.body.stage1[0](grey.expand(-1, 3, -1, -1))

    torch.testing.assert_close(ours, theirs)


def test_a_fourth_channel_repeats_the_first_and_all_are_scaled(saved, tmp_path):
    net = tiny(channels=4, seed=1, weights="net.safetensors", folder=tmp_path)

    assert torch.equal(net.body.stage1[0].weight, saved.body.stage1[0].weight[:, [0, 1, 2, 0]] * 0.75)


@pytest.mark.parametrize("key", ["state_dict", "model", "state_dict_ema"])
def test_weights_beside_an_optimiser_are_found(tmp_path, key):
    torch.save({key: {"module.body.x": torch.ones(1)}, "epoch": 3}, tmp_path / "net.pth")

    assert read_weights(tmp_path / "net.pth").keys() == {"body.x"}


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path, capsys):
    torch.save({"state_dict": Explosive()}, tmp_path / "net.pth")

    with pytest.raises(WeightsMismatch, match="cannot be read"):
        read_weights(tmp_path / "net.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_a_damaged_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"no weights at all")

    with pytest.raises(WeightsMismatch, match="cannot be read"):
        read_weights(tmp_path / name)


def test_a_file_of_another_net_is_refused_with_what_is_wrong(saved, tmp_path):
    with pytest.raises(WeightsMismatch, match=r"\d+ missing \(body\.stage3"):
        tiny(weights="net.safetensors", folder=tmp_path, stages=3)


def test_the_digest_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"")

    assert weights_digest(tmp_path / "a").startswith("e3b0c44298fc1c14")


def test_a_run_starts_from_the_weights_beside_its_recipe_and_its_folder_is_held_to_them(tmp_path):
    make_data(tmp_path, rows=40)
    recipe = from_json(as_json(change(TINY, net__weights="start.safetensors")), folder=str(tmp_path))
    begun = build_net(TINY.net, 10, 1, 8)
    save_file(begun.state_dict(), tmp_path / "start.safetensors")
    job = make_job(tmp_path, recipe)
    kept = record.begin(job.out, record.make_record(recipe, job.dataset, job.plan))

    assert kept["weights_digest"] == weights_digest(tmp_path / "start.safetensors")
    assert torch.equal(make_net(job, 0, 0).head.weight, begun.head.weight)
    save_file({name: value + 1 for name, value in begun.state_dict().items()}, tmp_path / "start.safetensors")
    with pytest.raises(RunMismatch, match="same weights_digest"):
        record.begin(job.out, record.make_record(recipe, job.dataset, job.plan))
