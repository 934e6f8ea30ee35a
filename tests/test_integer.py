"""The integer engine: its integers, its sums, and the same numbers with and without AMX."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.training.engines import integer
from distancenets.training.engines.compiler import NoCompiler, compiled
from distancenets.training.engines.integer import DEPTH, SIDE, IntegerPixels
from distancenets.training.engines.order import frame_order, ink_order
from distancenets.training.pixels import pixel_major

try:
    integer.products()
except NoCompiler:
    pytest.skip("no C compiler", allow_module_level=True)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw(*shape: int, spread: float = 0.0) -> Tensor:
    """Return normal numbers, each column on a scale of its own."""
    generator = torch.Generator().manual_seed(3)
    numbers = torch.randn(*shape, generator=generator)
    return numbers * torch.exp(spread * torch.randn(shape[-1], generator=generator))


def restored(rows: Tensor, offsets: Tensor | None = None) -> Tensor:
    """Return what the engine's bytes and units stand for."""
    left, units, _ = integer._split(rows, offsets)
    digits = left.double() * torch.tensor([1.0, 2.0**8, 2.0**16, 2.0**24], dtype=torch.float64).view(-1, 1, 1)
    numbers = digits.sum(2).permute(0, 2, 1, 3).reshape(-1, left.shape[1] * DEPTH)[: len(rows)]
    assert numbers.abs().max() <= 2**30
    return numbers * units.double().unsqueeze(1)


def test_integers_hold_a_row_to_the_31st_bit_of_its_largest() -> None:
    values = draw(50, 200, spread=4)
    found = restored(values)
    largest = values.abs().amax(1, keepdim=True).double()
    assert ((found[:, :200] - values.double()).abs() <= 2.0**-30 * largest).all()
    assert not found[:, 200:].any()
    for stored in (values.T.contiguous().T, values[:, ::2]):
        assert torch.equal(restored(stored)[:, : stored.shape[1]], restored(stored.contiguous())[:, : stored.shape[1]])
    chosen = torch.tensor([3, 4, 99, 120], dtype=torch.int32)
    assert torch.equal(restored(values, chosen)[:, :4], restored(values[:, chosen])[:, :4])


@pytest.mark.parametrize("size", [0.0, 1e-45, 1e-38, 1e-28, 1.0, 1e30, 3.4e38])
def test_integers_reach_to_the_ends_of_the_range(size: float) -> None:
    values = torch.tensor([[size, -size / 3, 0.0]])
    torch.testing.assert_close(restored(values)[:, :3], values.double(), rtol=1e-6, atol=1e-35)


@pytest.mark.parametrize("wrong", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_stays_so(wrong: float, mnist: Dataset) -> None:
    pixels = IntegerPixels(mnist.test_images[:20], torch.float32)
    weight = draw(1, 3, 784)
    weight[0, 1] = wrong
    found = pixels.forward(weight, torch.zeros(1, 3))
    assert found[0, [0, 2]].isfinite().all() and found[0, 1].isnan().all()


@pytest.mark.parametrize(("rows", "columns", "terms"), [(1, 1, 1), (SIDE, SIDE, DEPTH), (37, 45, 2 * DEPTH + 5)])
def test_sums_are_exact(rows: int, columns: int, terms: int) -> None:
    generator = torch.Generator().manual_seed(1)
    left = torch.randint(-1000, 1000, (rows, terms), generator=generator).float()
    right = torch.randint(256, (terms, columns), generator=generator).to(torch.uint8)
    right[terms // 2 :, :SIDE] = 0
    expected = left.double() @ right.double()
    found, split = torch.empty(rows, columns), integer._split(left, None)
    integer._multiply(split, integer._blocks(right), columns, torch.ones(rows), None, found)
    assert torch.equal(found.double(), expected + 1)
    total = torch.ones(columns + 3, rows)
    index = torch.arange(columns, dtype=torch.int32).flip(0)
    integer._multiply(split, integer._blocks(right), columns, None, index, total)
    assert torch.equal(total[:columns].flip(0).T.double(), expected + 1)
    assert (total[columns:] == 1).all()
    assert torch.equal(split.sums.double(), left.double().sum(1))


def test_blocks_of_zeros_are_left_out() -> None:
    right = torch.ones(3 * DEPTH, 2 * SIDE, dtype=torch.uint8)
    right[DEPTH : 2 * DEPTH, :SIDE] = 0
    right[:, SIDE:] = 0
    filled, starts, places = integer._blocks(right)
    assert (len(filled), starts.tolist(), places.tolist()) == (2, [0, 2, 2], [0, 2])


def test_frames_leave_out_more_blocks_than_edges_do(mnist: Dataset) -> None:
    images = mnist.train_images[:6000]

    def filled(order: Tensor) -> int:
        pixels = [IntegerPixels(chunk, torch.float32) for chunk in torch.split(images[order], 2000)]
        return sum(len(chunk._images.filled) + len(chunk._pixels.filled) for chunk in pixels)

    assert filled(frame_order(images)) < 0.95 * filled(ink_order(images))


def test_the_longest_sum_fits_into_32_bits() -> None:
    terms = 2**16
    left, right = -torch.ones(1, terms), torch.full((terms, 1), 255, dtype=torch.uint8)
    found = torch.empty(1, 1)
    integer._multiply(integer._split(left, None), integer._blocks(right), 1, torch.zeros(1), None, found)
    assert found.item() == -255 * terms
    with pytest.raises(ValueError, match="at most 65536 images, not 65537"):
        IntegerPixels(torch.zeros(terms + 1, 1, dtype=torch.uint8), torch.float32)


@pytest.mark.parametrize(("seeds", "hidden"), [(1, 128), (3, 7)])
def test_products_add_to_what_is_there_in_any_layout(seeds: int, hidden: int, mnist: Dataset) -> None:
    # An image without ink, and a run of them, which leaves whole chunks empty.
    images = torch.cat([mnist.test_images[:101], torch.zeros(40, 784, dtype=torch.uint8)])
    weight, bias, dz = draw(seeds, hidden, 784), draw(seeds, hidden), draw(seeds, hidden, 141)
    weight_gradient, bias_gradient = draw(seeds, hidden, 784), draw(seeds, hidden)
    expected = weight_gradient + (dz.double() @ images.double()).float(), bias_gradient + dz.sum(-1)
    pixels = IntegerPixels(images, torch.float32)
    for arranged in (pixel_major, Tensor.contiguous):
        z = pixels.forward(arranged(weight), bias)
        exact = weight.double() @ images.double().T + bias.unsqueeze(-1)
        assert (z - exact).norm() < 1e-7 * exact.norm()
        found = arranged(weight_gradient.clone()), bias_gradient.clone()
        pixels.backward(dz, *found)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-3)
    blank = IntegerPixels(images[-40:], torch.float32).forward(weight, bias)
    assert torch.equal(blank, bias.unsqueeze(-1).expand_as(blank))
    with pytest.raises(ValueError, match=r"not for torch\.float64"):
        IntegerPixels(images, torch.float64)


@pytest.mark.skipif(not integer.has_tiles(), reason="no AMX")
def test_loops_find_the_bits_that_tiles_find(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, weight, dz = IntegerPixels(mnist.test_images[:300], torch.float32), draw(2, 24, 784), draw(2, 24, 300)

    def products() -> tuple[Tensor, Tensor]:
        gradient = torch.zeros(2, 24, 784)
        pixels.backward(dz, gradient, torch.zeros(2, 24))
        return pixels.forward(weight, draw(2, 24)), gradient

    tiles = products()
    plain = compiled(integer.SOURCE, *integer.FLAGS, "-mno-amx-int8")
    assert not plain.functions.take_tiles()
    monkeypatch.setattr(integer, "products", lambda: plain)
    for one, other in zip(tiles, products(), strict=True):
        assert torch.equal(one, other)
