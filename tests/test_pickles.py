"""Arrays from a pickle: what it may contain, and what is refused."""

import codecs
import pickle
from typing import Any

import numpy as np
import pytest

from dataset_files import pickle_of
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.sources import arrays_of_pickle
from distancenets.errors import UserError


class Coded:
    """What is unpickled by a codec."""

    def __reduce__(self) -> tuple[Any, ...]:
        return codecs.encode, ("x", "idna")


def test_a_pickle_runs_no_codec_but_the_one_of_bytes() -> None:
    with pytest.raises(UserError, match=r"p: .*the codec idna is refused"):
        arrays_of_pickle(pickle.dumps(Coded(), protocol=2), "p")


@pytest.mark.parametrize("value", [0.5 / 256, 1.0, -1 / 256, np.nan])
def test_pixels_that_are_no_bytes_are_refused(tiny: Arrays, value: float) -> None:
    pairs = [list(pair) for pair in pickle.loads(pickle_of(tiny))]
    assert_arrays_equal(arrays_of_pickle(pickle.dumps(pairs, protocol=2), "p"), tiny)
    pairs[2][0][0, 0] = value
    with pytest.raises(UserError, match=r"^p: .* not whole numbers from 0 to 255"):
        arrays_of_pickle(pickle.dumps(pairs, protocol=2), "p")


def assert_arrays_equal(found: Arrays, expected: Arrays) -> None:
    for name in Arrays._fields:
        assert getattr(found, name).dtype == np.uint8
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([1, 2, 3]), pickle.dumps("abc")])
def test_a_pickle_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(UserError, match=r"^p: not a pickle of three pairs of arrays: "):
        arrays_of_pickle(content, "p")
