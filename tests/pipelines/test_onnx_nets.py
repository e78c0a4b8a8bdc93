"""Nets as ONNX files: they say what the nets said, and 8-bit copies nearly that."""

import numpy as np
import onnx
import pytest
import torch

from pipelines import quantising
from pipelines.nets.registry import build_net
from pipelines.onnx_nets import OnnxNet, Whole, write_onnx
from pipelines.quantising import dot_products, last_nodes, processor, quantise
from pipelines.recipe import Net

FEATURES = 2


def normalise(images):
    return images / 128 - 1


@pytest.fixture(scope="module")
def whole():
    """Two nets that predict together from images and features."""
    torch.manual_seed(0)
    net = Net(name="small_conv", options={"width": 8, "stages": 2, "depth": 1}, features=True)
    nets = [build_net(net, outputs=3, channels=1, size=8, features=FEATURES) for _ in range(2)]
    for built in nets:
        torch.nn.init.normal_(built.head.weight)  # a fresh head says nearly the same of all images
    return Whole(nets, normalise, "multiclass").eval()


@pytest.fixture(scope="module")
def path(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    write_onnx(whole, *map(torch.from_numpy, inputs(2)), path)
    return path


def inputs(count):
    draw = np.random.default_rng(count)
    return draw.integers(0, 256, (count, 1, 8, 8)).astype(np.float32), draw.normal(size=(count, FEATURES)).astype(np.float32)


def test_an_onnx_file_says_what_the_nets_say_of_any_number_of_rows(whole, path):
    for count in (1, 5):
        images, features = inputs(count)
        with torch.inference_mode():
            said = whole(torch.from_numpy(images), torch.from_numpy(features)).numpy()

        assert np.abs(OnnxNet(path).predict(images, features) - said).max() < 1e-6


def test_an_8_bit_copy_computes_in_integers_and_says_nearly_the_same(path, tmp_path):
    images, features = inputs(64)
    quantise(path, tmp_path / "int8.onnx", [{"images": images, "features": features}])
    copy, said = onnx.load(tmp_path / "int8.onnx"), OnnxNet(path).predict(images, features)

    weights = [one for one in copy.graph.initializer if len(one.dims) == 4]
    assert len(weights) == 4
    assert {one.data_type for one in weights} == {onnx.TensorProto.INT8}
    away = np.abs(OnnxNet(tmp_path / "int8.onnx").predict(images, features) - said).max()
    assert 0 < away < 0.05


def test_the_head_and_what_follows_stay_in_floats(path, tmp_path):
    graph = onnx.load(path).graph
    left = {node.op_type for node in graph.node if node.name in last_nodes(graph)}

    assert {"Gemm", "Softmax"} <= left
    assert "Conv" not in left


def test_a_cpu_without_a_dot_product_is_told_from_one_with_it(tmp_path, monkeypatch):
    told = {}
    for name, flags in {"new": "fma avx2 avx512_vnni", "old": "fma avx2"}.items():
        (tmp_path / name).write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
        monkeypatch.setattr(quantising, "CPU_INFO", tmp_path / name)
        told[name] = dot_products(), processor().partition(", ")[2]
    monkeypatch.setattr(quantising, "CPU_INFO", tmp_path / "absent")

    assert told == {"new": (("avx512_vnni",), "avx512_vnni"), "old": ((), "no 8-bit dot product (no VNNI), so 7-bit weights")}
    assert dot_products() == ()
