"""Stacked arrays are the stored ones, wherever they lie."""

import numpy as np
import pytest
from stackyard.ensembles import stacks


@pytest.mark.parametrize("allowed", [0, 10**9])
def test_a_stack_is_the_stored_arrays_in_memory_or_in_a_file_without_a_name(allowed, monkeypatch, settings, tmp_path):
    arrays = {f"digest {k}": np.full((5, 3), k, np.float32) for k in range(4)}
    monkeypatch.setattr(stacks, "load_array", arrays.__getitem__)
    monkeypatch.setattr(stacks, "BYTES_IN_MEMORY", allowed)
    settings.HOME = tmp_path
    stacked = stacks.stack_arrays(list(arrays))

    assert isinstance(stacked, np.memmap) is (allowed == 0)
    assert stacked.dtype == np.float32
    assert (stacked == np.stack(list(arrays.values()))).all()
    assert (np.mean(stacked, axis=0) == 1.5).all()
    assert list(tmp_path.iterdir()) == []
