"""A checkpoint is whole or not there, and the older generation steps in."""

import pytest
import torch

from pipelines.checkpoints import GENERATIONS, Checkpoint, find_checkpoint, read_tensors, write_checkpoint, write_tensors
from pipelines.errors import CheckpointDamaged


def save(folder, serial):
    write_checkpoint(folder, Checkpoint(serial, {"w": torch.full((3, 2), float(serial)), "n": torch.tensor(serial)}, {"step": serial}))


def flip_a_bit(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_the_newest_of_two_generations_comes_back(tmp_path):
    for serial in range(5):
        save(tmp_path, serial)
    found = find_checkpoint(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(GENERATIONS)
    assert (found.checkpoint.serial, found.checkpoint.state, found.damaged) == (4, {"step": 4}, ())
    assert found.checkpoint.tensors["w"].tolist() == [[4.0, 4.0]] * 3
    assert found.checkpoint.tensors["n"].item() == 4


def test_an_empty_folder_has_none(tmp_path):
    assert find_checkpoint(tmp_path).checkpoint is None
    assert find_checkpoint(tmp_path / "absent").checkpoint is None


@pytest.mark.parametrize("damage", ["cut", "bit", "header", "empty"])
def test_a_damaged_generation_is_passed_over_and_named(tmp_path, damage):
    save(tmp_path, 0)
    save(tmp_path, 1)
    newest = tmp_path / GENERATIONS[1]
    if damage == "bit":
        flip_a_bit(newest, -3)
    elif damage == "header":
        flip_a_bit(newest, newest.read_bytes().index(b"step"))
    else:
        newest.write_bytes(newest.read_bytes()[: 100 if damage == "cut" else 0])
    found = find_checkpoint(tmp_path)

    assert found.checkpoint.serial == 0
    assert "checkpoint-b" in found.damaged[0]


def test_two_damaged_generations_are_a_named_error(tmp_path):
    for serial in (0, 1):
        save(tmp_path, serial)
        flip_a_bit(tmp_path / GENERATIONS[serial], -1)

    with pytest.raises(CheckpointDamaged, match=r"checkpoint-a.*checkpoint-b"):
        find_checkpoint(tmp_path)


def test_a_write_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    save(tmp_path, 0)
    save(tmp_path, 1)

    def die(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2)
    monkeypatch.undo()

    assert find_checkpoint(tmp_path).checkpoint.serial == 1


def test_every_kind_of_tensor_comes_back(tmp_path):
    tensors = {
        "half": torch.arange(4).bfloat16(),
        "flags": torch.tensor([True, False]),
        "turned": torch.arange(6.0).reshape(2, 3).T,
        "none": torch.zeros(0, 3),
        "number": torch.tensor(3, dtype=torch.int64),
    }
    write_tensors(tmp_path / "x.safetensors", tensors, {"a": [1, None]})
    read, about = read_tensors(tmp_path / "x.safetensors")

    assert about == {"a": [1, None]}
    assert all(torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype for name, tensor in tensors.items())
