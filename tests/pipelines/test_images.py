"""What an image looks like once it is stored, whatever it came as."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from pipelines.decoding import decode, fit
from pipelines.errors import ImageCorrupt
from pipelines.recipe import Data

RNG = np.random.default_rng(0)
NATIVE = Data(channels=3)


def encoded(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def smooth(high: int, wide: int, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[0:high, 0:wide]
    planes = [128 + 100 * np.sin(x / wide * 3 + c) * np.cos(y / high * 2) for c in range(channels)]
    return np.stack(planes, axis=2).astype(np.uint8)


def test_channels_come_first_and_values_as_they_are():
    pixels = RNG.integers(0, 256, (5, 7, 3), np.uint8)

    np.testing.assert_array_equal(decode(encoded(pixels), NATIVE), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_any_eight_bit_mode_becomes_three_channels_or_one(mode):
    buffer = io.BytesIO()
    Image.fromarray(smooth(6, 6)).convert(mode).save(buffer, "JPEG" if mode == "CMYK" else "PNG")

    assert [decode(buffer.getvalue(), Data(channels=channels)).shape for channels in (1, 3)] == [(1, 6, 6), (3, 6, 6)]


def test_four_channels_are_kept_where_there_are_four():
    pixels = RNG.integers(0, 256, (4, 4, 4), np.uint8)

    np.testing.assert_array_equal(decode(encoded(pixels), Data(channels=4)), pixels.transpose(2, 0, 1))
    with pytest.raises(ImageCorrupt, match=r"4 channels, got RGB: set data\.channels"):
        decode(encoded(pixels[:, :, :3]), Data(channels=4))


def test_sixteen_bits_are_kept_whole():
    pixels = RNG.integers(0, 65536, (4, 6), np.uint16)

    np.testing.assert_array_equal(decode(encoded(pixels), Data(channels=1, depth="uint16")), pixels[None])


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
@pytest.mark.parametrize("planes", [False, True])
def test_a_tiff_may_have_any_number_of_channels_as_planes_or_side_by_side(depth, planes):
    pixels = RNG.integers(0, np.iinfo(depth).max, (9, 8, 5)).astype(depth)
    stored = pixels.transpose(2, 0, 1) if planes else pixels
    data = tiff(stored, planarconfig="separate" if planes else "contig", photometric="minisblack")

    np.testing.assert_array_equal(decode(data, Data(channels=5, depth=depth)), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate"])
def test_a_tiff_may_be_packed_as_pillow_packs_it(compression):
    pixels = smooth(16, 24)
    data = encoded(pixels, "TIFF", compression=compression)

    np.testing.assert_allclose(decode(data, NATIVE).astype(int), pixels.transpose(2, 0, 1), atol=20 if compression == "jpeg" else 0)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_allclose(decode(data, Data(channels=1))[0].astype(int), grey, atol=20 if compression == "jpeg" else 0)


def test_a_numpy_file_is_a_picture_too():
    buffer = io.BytesIO()
    np.save(buffer, smooth(6, 8))

    np.testing.assert_array_equal(decode(buffer.getvalue(), NATIVE), smooth(6, 8).transpose(2, 0, 1))
    assert decode(buffer.getvalue(), Data(channels=1)).shape == (1, 6, 8)


def test_whatever_is_damaged_is_an_error_by_name():
    whole = [encoded(smooth(12, 10), kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP")]
    whole += [tiff(smooth(12, 10, 4).astype(np.uint16), photometric="minisblack", compression=packed) for packed in (None, "zlib")]
    rng, outcomes = np.random.default_rng(5), set()
    for number in range(300):
        damaged = bytearray(whole[number % len(whole)])
        for place in rng.integers(0, len(damaged), 4):
            damaged[place] = rng.integers(256)
        try:
            outcomes.add(decode(bytes(damaged[: rng.integers(1, 2 * len(damaged))]), Data(size=8, channels=3)).shape)
        except ImageCorrupt:
            outcomes.add("refused")

    assert outcomes == {(3, 8, 8), "refused"}


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (encoded(RNG.integers(0, 65536, (4, 4), np.uint16)), Data(channels=1), "uint8 values, got uint16: set data.depth"),
        (encoded(smooth(4, 4)), Data(depth="uint16"), "uint16 values, got uint8: set data.depth"),
        (tiff(np.zeros((4, 4, 5), np.uint8), photometric="minisblack", planarconfig="contig"), Data(channels=4), "4 channels, got shape"),
        (tiff(np.zeros((4, 4), np.float32)), Data(channels=1), "uint8 values, got float32"),
        (tiff(np.zeros((2, 3, 4, 4), np.uint8), photometric="minisblack"), Data(channels=3), "at most one axis of channels"),
        (encoded(np.ones((4, 4), np.float32), "PPM"), Data(channels=1), "uint8 values, got float32"),
        (b"", NATIVE, "an image that can be decoded"),
        (b"no image at all", NATIVE, "an image that can be decoded"),
        (encoded(smooth(64, 64))[:200], NATIVE, "an image that can be decoded"),
        (encoded(smooth(64, 64), "JPEG")[:-300], NATIVE, "an image that can be decoded, got: .*truncated"),
        (tiff(smooth(64, 64))[:200], NATIVE, "an image that can be decoded|a TIFF file"),
        (b"II*\0" + struct.pack("<I", 2**31), NATIVE, "an image that can be decoded|a TIFF file"),
    ],
)
def test_what_is_no_such_image_is_refused(data, form, said):
    with pytest.raises(ImageCorrupt, match=said):
        decode(data, form)


def test_an_image_is_stretched_padded_with_its_ground_or_cropped_in_the_middle():
    pixels = np.full((10, 20, 1), 250, np.uint8)
    pixels[4:6, 9:11] = 0
    stretched, padded, cropped = (fit(pixels, Data(channels=1, size=10, aspect=aspect))[0] for aspect in ("stretch", "pad", "crop"))

    assert stretched.shape == padded.shape == cropped.shape == (10, 10)
    np.testing.assert_array_equal(cropped, pixels[:, 5:15, 0])
    assert (padded[:2] == 250).all()
    assert (padded[8:] == 250).all()
    assert padded[2:8].min() < 200
    assert stretched[4:6].min() < 200


@pytest.mark.parametrize("aspect", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("shape", [(31, 17), (17, 31), (1, 40), (40, 1), (3, 3)])
def test_every_shape_ends_in_the_square_that_was_asked_for(shape, aspect):
    for channels, depth in ((1, "uint8"), (3, "uint8"), (2, "uint16")):
        pixels = RNG.integers(0, 200, (*shape, channels)).astype(depth)
        made = fit(pixels, Data(size=12, channels=channels, aspect=aspect, depth=depth))
        assert (made.shape, made.dtype) == ((channels, 12, 12), np.dtype(depth))


@pytest.mark.parametrize("channels", [1, 3])
def test_pillow_and_arrays_end_in_the_same_pixels(channels):
    pixels = smooth(30, 44, channels)
    form = Data(size=16, channels=channels, aspect="pad")

    np.testing.assert_array_equal(decode(encoded(pixels.squeeze()), form), fit(pixels, form))


def test_sixteen_bits_are_resized_like_eight():
    pixels = smooth(30, 44)
    eight, sixteen = fit(pixels, Data(size=16)), fit(pixels.astype(np.uint16) * 256, Data(size=16, depth="uint16"))

    np.testing.assert_allclose(sixteen / 256, eight, atol=1)


def test_a_large_jpeg_is_read_small_and_looks_the_same():
    data = encoded(smooth(600, 800), "JPEG", quality=95)
    with Image.open(io.BytesIO(data)) as image:
        whole = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)).transpose(2, 0, 1)

    np.testing.assert_allclose(decode(data, Data(size=64)).astype(int), whole, atol=3)


def test_a_photograph_taken_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(smooth(8, 20), "JPEG", exif=exif.tobytes())

    assert decode(data, NATIVE).shape == (3, 20, 8)
