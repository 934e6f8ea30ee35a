"""The boxed engine's products by PyTorch's BLAS and by oneDNN: a machine takes one of them, both have to be right."""

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


def products(pixels: Pixels, dtype: torch.dtype) -> list[Tensor]:
    """Return pre-activations and the gradients of weight and bias, from factors that do not depend on `dtype`."""
    torch.manual_seed(0)
    weight, bias, gradient = torch.randn(SHAPE), torch.randn(SHAPE[:2]), torch.randn(*SHAPE[:2], 1200)
    into = [torch.ones_like(value, dtype=dtype) for value in (pixel_major(weight), bias)]
    pixels.backward(gradient.to(dtype), *into)
    return [pixels.forward(pixel_major(weight.to(dtype)), bias.to(dtype)), *into]


@pytest.mark.parametrize("vendor", ["GenuineIntel", "AuthenticAMD", ""])
def test_products_are_right_on_any_processor(vendor: str, mnist: Dataset) -> None:
    images = mnist.train_images[:1200]
    with mock.patch.object(boxed, "processor", lambda _: vendor):
        found = products(BoxedPixels(images, torch.float32), torch.float32)
    for value, exact in zip(found, products(DensePixels(images, torch.float64), torch.float64), strict=True):
        assert (value - exact).abs().max() <= 1e-6 * exact.abs().max()


def test_one_dnn_is_for_single_precision_on_others_than_intels() -> None:
    def taken(vendor: str, dtype: torch.dtype = torch.float32, device: torch.device = CPU) -> bool:
        with mock.patch.object(boxed, "processor", lambda _: vendor):
            return boxed._takes_one_dnn(device, dtype)

    assert taken("AuthenticAMD") and taken("")
    assert not taken("GenuineIntel")
    assert not taken("AuthenticAMD", torch.float64) and not taken("AuthenticAMD", device=torch.device("cuda"))
