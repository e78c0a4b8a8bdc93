"""Images decoded once: shared, atomic, named by content; and where they come from."""

import fcntl
import io
import json
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Barrier

import numpy as np
import polars as pl
import pytest
from PIL import Image

from pipelines import filling, store
from pipelines.data_spec import ImagesSpec
from pipelines.errors import DataInvalid, ImageCorrupt, ImageMissing, PackageMissing
from pipelines.images import FolderSource, open_source
from pipelines.recipe import Data
from pipelines.stopping import Stopped, StopRequest
from pipelines.store import open_images, read_store

GREY = Data(channels=1)
IDS = ("c", "a", "b")
PIXELS = {name: np.full((4, 5), value, np.uint8) for value, name in enumerate("abcd")}
EXPECTED = np.stack([PIXELS[name] for name in IDS])[:, None]


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train").mkdir()
    for name, pixels in PIXELS.items():
        (tmp_path / "train" / f"{name}.png").write_bytes(png(pixels))
    return tmp_path


@pytest.fixture
def source(folder):
    return open_source(folder, "train/{id}.png", ImagesSpec(train="-"))


def files(folder):
    return sorted(path.suffix for path in folder.iterdir() if path.is_file())


def test_a_folder_becomes_one_array_in_the_order_of_the_ids(source, tmp_path):
    images = open_images(source, IDS, GREY, tmp_path / "images")

    np.testing.assert_array_equal(images.array, EXPECTED)
    np.testing.assert_array_equal(images.take([2, 0, 2]), EXPECTED[[2, 0, 2]])
    assert (len(images), images.shape) == (3, (1, 4, 5))
    assert isinstance(images.array, np.memmap)
    assert (images.mean.tolist(), images.deviation.round(6).tolist()) == ([1.0], [0.816497])


@pytest.mark.parametrize("name", ["images.parquet", "images.npz", "first.npz", "train/*/{id}.png"])
def test_every_source_gives_the_same_images(folder, tmp_path, name):
    rows = list("dabc")
    pl.DataFrame({"name": rows, "png": [png(PIXELS[one]) for one in rows]}).write_parquet(tmp_path / "images.parquet")
    np.savez(tmp_path / "images.npz", name=rows, png=np.stack([PIXELS[one] for one in rows]))
    np.savez(tmp_path / "first.npz", name=rows, png=np.stack([PIXELS[one][None] for one in rows]))
    for one in rows:
        (tmp_path / "train" / f"kind-{one}").mkdir()
        (tmp_path / "train" / f"kind-{one}" / f"{one}.png").write_bytes(png(PIXELS[one]))
    source = open_source(tmp_path, name, ImagesSpec(train="-", id="name", image="png"))

    np.testing.assert_array_equal(open_images(source, IDS, GREY, tmp_path / "images").array, EXPECTED)
    rising = sorted(IDS)
    np.testing.assert_array_equal(open_images(source, rising, GREY, tmp_path / "images").array[:, 0], [PIXELS[one] for one in rising])


def test_nothing_is_decoded_twice(source, tmp_path, monkeypatch):
    first = open_images(source, IDS, GREY, tmp_path / "images")
    monkeypatch.setattr(store, "fill", None)
    again = open_images(source, IDS, GREY, tmp_path / "images")

    assert again.digest == first.digest
    np.testing.assert_array_equal(again.array, first.array)
    np.testing.assert_array_equal(again.mean, first.mean)


def test_the_name_follows_content_ids_and_settings_and_not_the_folder(source, folder, tmp_path):
    def digest(source, ids=IDS, form=GREY):
        return open_images(source, ids, form, tmp_path / "images").digest

    names = [digest(source), digest(source, IDS[::-1]), digest(source, form=Data(channels=1, size=4)), digest(source, form=Data())]
    (folder / "train").rename(folder / "moved")
    moved = FolderSource(folder, "moved/{id}.png")
    assert digest(moved) == names[0]
    (folder / "moved" / "a.png").write_bytes(png(PIXELS["d"]))
    assert len({*names, digest(moved)}) == 5


def test_several_processes_make_the_same_store(shared_data, tmp_path):
    folder = shared_data / "plankton-ndsb-train"
    ids = pl.read_parquet(folder / "train_images.parquet", columns=["image_name"], n_rows=400)["image_name"].to_list()
    source = open_source(folder, "train_images.parquet", ImagesSpec(train="-", id="image_name", image="jpeg"))
    form = Data(size=32, channels=1, aspect="pad")
    one, two = (open_images(source, ids, form, tmp_path / str(count), processes=count) for count in (1, 2))

    np.testing.assert_array_equal(one.array, two.array)
    np.testing.assert_array_equal(one.mean, two.mean)
    assert 200 < one.mean[0] < 250  # dark animals on a white ground


@pytest.mark.parametrize("locks", [True, False])
def test_runs_that_begin_at_once_do_not_spoil_each_others_store(source, tmp_path, monkeypatch, locks):
    decoded, together = [], Barrier(2 if not locks else 1)

    def fill(*args):
        together.wait(20)
        decoded.append(args)
        return filling.fill(*args)

    monkeypatch.setattr(store, "fill", fill)
    if not locks:
        monkeypatch.setattr(store, "fcntl", None)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: open_images(source, IDS, GREY, tmp_path / "images"), range(2)))

    assert len(decoded) == (1 if locks else 2)
    assert files(tmp_path / "images") == [".json", ".lock", ".npy"]
    for images in made:
        np.testing.assert_array_equal(images.array, EXPECTED)


def test_what_a_killed_run_left_is_cleared_and_made_anew(source, tmp_path):
    digest = open_images(source, IDS, GREY, tmp_path / "images").digest
    path = tmp_path / "images" / f"{digest}.npy"
    path.write_bytes(path.read_bytes()[:-1])
    (tmp_path / "images" / f"{digest}.1-ab.part").write_bytes(b"half")

    assert read_store(tmp_path / "images", digest) is None
    np.testing.assert_array_equal(open_images(source, IDS, GREY, tmp_path / "images").array, EXPECTED)
    assert files(tmp_path / "images") == [".json", ".lock", ".npy"]


def test_a_request_to_stop_ends_decoding_and_the_next_start_makes_the_store(source, tmp_path, monkeypatch):
    request, decode = StopRequest(), filling._load_sized
    monkeypatch.setattr(filling, "CHUNK", 1)
    monkeypatch.setattr(filling, "_load_sized", lambda *args: setattr(request, "asked", True) or decode(*args))
    with pytest.raises(Stopped, match="decodes them anew"):
        open_images(source, IDS, GREY, tmp_path / "images", request=request)

    assert files(tmp_path / "images") == [".lock"]
    np.testing.assert_array_equal(open_images(source, IDS, GREY, tmp_path / "images").array, EXPECTED)


def test_who_waits_for_anothers_store_or_reads_files_obeys_too(source, tmp_path):
    asked = StopRequest()
    asked.asked = True
    with pytest.raises(Stopped):
        open_images(source, IDS, GREY, tmp_path / "images", request=asked)  # while the files are read
    digest = open_images(source, IDS, GREY, tmp_path / "images").digest
    (tmp_path / "images" / f"{digest}.npy").unlink()
    with (tmp_path / "images" / f"{digest}.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Stopped):
            open_images(source, IDS, GREY, tmp_path / "images", request=asked)


@pytest.mark.parametrize(("asked", "error"), [(True, Stopped), (False, DataInvalid)])
def test_a_dead_process_is_a_stop_where_all_were_asked_to(source, tmp_path, monkeypatch, asked, error):
    class Dead(ThreadPoolExecutor):
        def __init__(self, *_):
            super().__init__(1)

        def submit(self, *_):
            future = Future()
            future.set_exception(BrokenProcessPool("died"))
            return future

    request = StopRequest()
    request.asked = asked
    monkeypatch.setattr(filling, "ProcessPoolExecutor", Dead)
    with pytest.raises(error):
        filling.fill(tmp_path / "part", source, IDS, GREY, 2, request)


def test_missing_images_are_counted_and_named_with_their_place(source, folder):
    with pytest.raises(ImageMissing, match=r"each of 5 ids, got none for 'x', 'y' \(looked for .*train/x\.png\)"):
        open_images(source, [*IDS, "x", "y"], GREY, folder / "images")


def test_every_corrupt_file_is_named_and_nothing_is_stored(source, folder):
    for name in "ab":
        (folder / "train" / f"{name}.png").write_bytes(b"not a picture")

    with pytest.raises(ImageCorrupt, match=r"cannot identify image file.* \(.*train/a\.png, nor .*train/b\.png\)"):
        open_images(source, IDS, GREY, folder / "images")
    assert files(folder / "images") == [".lock"]


def test_a_corrupt_row_of_parquet_is_named_by_its_id(tmp_path):
    pl.DataFrame({"id": ["a", "b"], "image": [png(PIXELS["a"]), None]}, schema={"id": pl.String, "image": pl.Binary}).write_parquet(
        tmp_path / "images.parquet"
    )
    source = open_source(tmp_path, "images.parquet", ImagesSpec(train="-"))

    with pytest.raises(ImageCorrupt, match=r"images\.parquet, id 'b'"):
        open_images(source, ["a", "b"], GREY, tmp_path / "images")


def test_images_of_different_sizes_need_one_to_be_named(source, folder):
    (folder / "train" / "b.png").write_bytes(png(np.zeros((4, 6), np.uint8)))

    with pytest.raises(ImageCorrupt, match=r"one shape \(1, 4, 5\) since data.size is 0, got \(1, 4, 6\): set data.size .*b\.png"):
        open_images(source, IDS, GREY, folder / "images")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("train/a.png", "expected {id} in the pattern of image files"),
        ("absent.npz", "expected a file of images at .*absent.npz, got none"),
        ("pickled.npz", "expected an .npz file of plain arrays"),
        ("nameless.npz", "expected an array 'id' in .*nameless.npz, got images"),
        ("repeated.npz", "each id once in .*got 'a' again"),
        ("flat.npz", "got an array of shape"),
        ("damaged.parquet", "expected a Parquet file at .*damaged.parquet"),
        ("text.parquet", "expected a column 'image' of bytes"),
        ("twice/*/{id}.png", "expected one image an id"),
    ],
)
def test_sources_that_are_none_are_refused(tmp_path, name, said):
    np.savez(tmp_path / "pickled.npz", ids=np.array(["a"], object), images=np.zeros((1, 2, 2), np.uint8))
    np.savez(tmp_path / "nameless.npz", images=np.zeros((1, 2, 2), np.uint8))
    np.savez(tmp_path / "repeated.npz", ids=["a", "a"], images=np.zeros((2, 2, 2), np.uint8))
    np.savez(tmp_path / "flat.npz", ids=["a"], images=np.zeros((1, 4), np.uint8))
    pl.DataFrame({"id": ["a"], "image": ["a.png"]}).write_parquet(tmp_path / "text.parquet")
    (tmp_path / "damaged.parquet").write_bytes((tmp_path / "text.parquet").read_bytes()[:-9] + b"PAR1")
    for kind in "xy":
        (tmp_path / "twice" / kind).mkdir(parents=True)
        (tmp_path / "twice" / kind / "a.png").touch()

    with pytest.raises(DataInvalid, match=said):
        open_source(tmp_path, name, ImagesSpec(train="-"))


def test_without_polars_parquet_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "images.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "polars", None)

    with pytest.raises(PackageMissing, match="polars is needed to read Parquet: pip install polars"):
        open_source(tmp_path, "images.parquet", ImagesSpec(train="-"))


def test_a_place_that_cannot_be_written_is_named(source, tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(DataInvalid, match=r"folder for decoded images at .*taken \(set STACKYARD_HOME\)"):
        open_images(source, IDS, GREY, tmp_path / "taken")


def test_a_disk_that_is_full_is_an_error_before_anything_is_decoded(source, tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "posix_fallocate", refuse)
    with pytest.raises(DataInvalid, match="No space left on device"):
        open_images(source, IDS, GREY, tmp_path / "images")
    assert files(tmp_path / "images") == [".lock"]


def test_stores_lie_in_the_home_unless_told(source, tmp_path, monkeypatch):
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    digest = open_images(source, IDS, GREY).digest

    said = json.loads((tmp_path / "home" / "images" / f"{digest}.json").read_text())
    assert said["source"].endswith("train/{id}.png")


def test_constant_images_have_a_deviation_that_can_be_divided_by(source, tmp_path):
    assert open_images(source, ["a"], GREY, tmp_path / "images").deviation.tolist() == [1.0]
