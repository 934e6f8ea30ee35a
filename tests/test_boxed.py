"""The boxed engine's products by PyTorch's BLAS and by oneDNN: a machine takes one of them, both have to be right."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.training.engines import boxed
from distancenets.training.engines.boxed import BoxedPixels
from distancenets.training.pixels import DensePixels, Pixels, pixel_major

SHAPE = (2, 40, 784)
CPU = torch.device("cpu")
# Rounding, half a unit in the last place each time, where a library adds the images of a box one after another.
BOUND = 2**-24 * boxed.BOX**0.5


def products(pixels: Pixels, dtype: torch.dtype) -> list[Tensor]:
    """Return pre-activations and the gradients of weight and bias, from factors that do not depend on `dtype`."""
    torch.manual_seed(0)
    weight, bias, gradient = torch.randn(SHAPE), torch.randn(SHAPE[:2]), torch.randn(*SHAPE[:2], 1200)
    into = [torch.ones_like(value, dtype=dtype) for value in (pixel_major(weight), bias)]
    pixels.backward(gradient.to(dtype), *into)
    return [pixels.forward(pixel_major(weight.to(dtype)), bias.to(dtype)), *into]


@contextmanager
def machine(vendor: str, instructions: str) -> Iterator[None]:
    """Pretend to run on a processor of `vendor` whose widest instructions are `instructions`."""
    capability = mock.patch.object(torch.backends.cpu, "get_cpu_capability", lambda: instructions)
    with mock.patch.object(boxed, "processor", lambda _: vendor), capability:
        yield


@pytest.mark.parametrize("instructions", ["AVX2", "AVX512"])
@pytest.mark.parametrize("vendor", ["GenuineIntel", "AuthenticAMD", ""])
def test_products_are_right_on_any_processor(vendor: str, instructions: str, mnist: Dataset) -> None:
    images = mnist.train_images[:1200]
    with machine(vendor, instructions):
        found = products(BoxedPixels(images, torch.float32), torch.float32)
    for value, exact in zip(found, products(DensePixels(images, torch.float64), torch.float64), strict=True):
        assert (value - exact).abs().max() <= BOUND * exact.abs().max()


def test_one_dnn_is_for_single_precision_where_mkl_leaves_out_the_widest_instructions() -> None:
    def taken(
        vendor: str, instructions: str = "AVX512", dtype: torch.dtype = torch.float32, device: torch.device = CPU
    ) -> bool:
        with machine(vendor, instructions):
            return boxed._takes_one_dnn(device, dtype)

    assert taken("AuthenticAMD") and taken("", "DEFAULT")
    assert not taken("GenuineIntel") and not taken("AuthenticAMD", "AVX2")
    assert not taken("AuthenticAMD", dtype=torch.float64) and not taken("AuthenticAMD", device=torch.device("cuda"))
