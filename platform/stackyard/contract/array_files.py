"""Arrays from .npy and .npz bytes, never unpickled, and never larger than the bytes that came.

numpy's own reader allocates what a header claims (a 128-byte file may ask for 32 GiB); here the claim is first held to the bytes.
Source of the layout: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from stackyard.contract.expansion import read_counted
from stackyard.contract.limits import Limits
from stackyard.contract.memory_tables import NO_IDS, table_from_mapping
from stackyard.contract.tables import Table
from stackyard.errors import LimitExceeded, MissingIdColumn, UnreadableFile

NPY_MAGIC = b"\x93NUMPY"
MOST_HEADER_BYTES = 1 << 16
_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What numpy's header reader (a Python literal) has been seen to raise on damaged headers.
_HEADER_FAILURES = (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError, UnicodeDecodeError)
_ZIP_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def read_npy(data: bytes, limits: Limits) -> npt.NDArray[Any]:
    """Return the array of .npy bytes, as a view of them.

    Raises UnreadableFile (damaged, of objects, or claiming another size than it has), LimitExceeded (more cells than allowed).
    """
    shape, fortran, dtype, start = _read_header(data)
    if dtype.hasobject:
        raise UnreadableFile("expected an array of numbers or text, got one of Python objects, which would have to be unpickled")
    cells = math.prod(shape) * max(1, len(dtype.names or ()))
    if cells > limits.max_cells:
        raise LimitExceeded(f"expected at most {limits.max_cells} cells, got a header that claims {cells}")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != len(data) - start or min(shape, default=0) < 0 or not dtype.itemsize:
        raise UnreadableFile(f"expected {len(data) - start} bytes of array, got a header that claims {shape} of {dtype} ({claimed} bytes)")
    flat: npt.NDArray[Any] = np.frombuffer(data, dtype, offset=start)
    return flat.reshape(shape, order="F" if fortran else "C")


def _read_header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    version = tuple(data[6:8])
    width = 2 if version == (1, 0) else 4
    length = int.from_bytes(data[8 : 8 + width], "little")
    if data[:6] != NPY_MAGIC or version not in _HEADER_READERS or length > min(MOST_HEADER_BYTES, len(data)):
        raise UnreadableFile(f"expected a .npy header of version 1 or 2, got version {version} and {length} bytes of header")
    stream = io.BytesIO(data[8 : 8 + width + length])
    try:
        shape, fortran, dtype = _HEADER_READERS[version](stream, max_header_size=MOST_HEADER_BYTES)
    except _HEADER_FAILURES as error:
        raise UnreadableFile(f"expected a .npy header, got a damaged one: {str(error)[:200]}") from error
    return shape, fortran, dtype, 8 + width + length


def read_npy_table(data: bytes, limits: Limits) -> Table:
    """Return the table of a structured .npy (one named field a column); raise MissingIdColumn for a raw array."""
    array = read_npy(data, limits)
    if array.dtype.names is None:
        raise MissingIdColumn(f"expected a structured array with an id field, got a raw array {array.shape}; {NO_IDS}")
    return table_from_mapping({name: array[name] for name in array.dtype.names})


def read_npz_table(data: bytes, limits: Limits) -> Table:
    """Return the table of an .npz: ids + predictions [+ columns], or ids + one array a class."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return table_from_mapping(_read_members(archive, limits))
    except _ZIP_FAILURES as error:
        raise UnreadableFile(f"expected an .npz archive, got a damaged one: {error}") from error


def _read_members(archive: zipfile.ZipFile, limits: Limits) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    left = limits.max_bytes
    for name in archive.namelist():
        if not name.endswith(".npy") or name.removesuffix(".npy") in arrays:
            raise UnreadableFile(f"expected an .npz archive of differently named .npy arrays, got a member {name!r}")
        if archive.getinfo(name).compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableFile(f"expected an .npz as numpy writes it, stored or deflated, got another compression of {name!r}")
        with archive.open(name) as member:
            data = read_counted(member, left)
        left -= len(data)
        arrays[name.removesuffix(".npy")] = read_npy(data, limits)
    return arrays
