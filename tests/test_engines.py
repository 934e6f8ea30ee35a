"""Engines against the dense reference: the same numbers in double precision, as good ones in single precision."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from compilers import COMPILED, needs_compiler
from devices import DEVICES
from distancenets.configuration.datasets import DatasetSettings
from distancenets.datasets.store import Dataset
from distancenets.models.networks import head_parameters, initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network, Score, chunks, differentiate, evaluate
from distancenets.training.engines.order import frame_order, ink_order, patch_order
from distancenets.training.engines.registry import ENGINES
from distancenets.training.pixels import DensePixels, pixel_major
from distancenets.training.scaling import scaling

FASTER = ["boxed", pytest.param("sparse", marks=needs_compiler)]
# These work in single precision alone.
SINGLE = ["split", pytest.param("integer", marks=needs_compiler)]
CASES = [
    pytest.param(model, pixels, form, id=f"{model.paper_name}-{pixels}-{form}")
    for model in models()
    for pixels in ("raw", "standardised")
    for form in (("code", "paper") if model.head.name == "offset_l2" else ("code",))
]
# Half a unit in the last place of float32: no error below it can be told from none.
ROUNDOFF = 2.0**-24
SEEDS = [0, 1]
HIDDEN = 40
Parameters = dict[str, Tensor]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(model: Model, pixels: str, form: str, settings: DatasetSettings) -> Network:
    return Network(model, form, scaling(pixels, settings))  # type: ignore[arg-type]


def gradients_of(
    engine: str,
    net: Network,
    parameters: Parameters,
    images: Tensor,
    labels: Tensor,
    dtype: torch.dtype,
    rows: int = 450,
) -> tuple[Score, Parameters]:
    parameters = {name: value.to(dtype) for name, value in parameters.items()}
    return differentiate(net, parameters, chunks(images, labels, engine, rows, dtype))


def descended(net: Network, images: Tensor, labels: Tensor, steps: int, engine: str = "dense") -> Parameters:
    parameters = {name: value.to(images.device) for name, value in initialise(net.model, SEEDS, HIDDEN).items()}
    split = chunks(images, labels, engine, 2000, torch.float32)
    for _ in range(steps):
        _, gradients = differentiate(net, parameters, split)
        for name, gradient in gradients.items():
            parameters[name].sub_(gradient, alpha=0.001)
    return parameters


def off_the_kinks(net: Network, parameters: Parameters, images: Tensor) -> Tensor:
    """Return which images (bool) have no unit so near zero that single precision may find it on the other side.

    There ReLU and Abs have a kink, and the gradient of one image jumps by its whole size. The bound is that of the
    rounding error of a sum, √terms · unit roundoff · Σ|terms|, four times over.
    """
    double = {name: value.double() for name, value in parameters.items()}
    weight, bias = net.scaling.fold(double["hidden.weight"], double["hidden.bias"])
    pixels = images.double()

    def sure(values: Tensor, magnitudes: Tensor, terms: int) -> Tensor:
        return (values.abs() > 4 * math.sqrt(terms) * ROUNDOFF * magnitudes).all(0).all(0)

    z = DensePixels(images, torch.float64).forward(weight, bias)
    size = weight.abs() @ pixels.T + bias.abs().unsqueeze(-1)
    kept = sure(z, size, images.shape[1])
    if not net.model.head.non_negative and net.model.representation.constrained:
        head = head_parameters(double)
        scores = net.model.scores(z, head, net.offset_l2)
        sizes = net.model.scores(size, {name: value.abs() for name, value in head.items()}, net.offset_l2)
        kept &= sure(scores, sizes, images.shape[1])
    return kept


def errors(found: tuple[Score, Parameters], exact: tuple[Score, Parameters]) -> dict[str, float]:
    """Return the relative error of the loss and of every gradient, over both seeds, in the Euclidean norm."""
    pairs = {"loss": (found[0].loss, exact[0].loss)}
    pairs |= {name: (found[1][name].double(), exact[1][name]) for name in exact[1]}
    return {name: float((one - other).norm() / other.norm()) for name, (one, other) in pairs.items()}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("model", "pixels", "form"), CASES)
def test_single_precision_is_as_good_as_the_reference(
    model: Model, pixels: str, form: str, device: str, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    net = network(model, pixels, form, mnist_settings)
    all_images, all_labels = mnist.train_images[:1100].to(device), mnist.train_labels[:1100].to(device)
    few = all_images[1000:], all_labels[1000:]
    for steps in (0, 200):
        parameters = descended(net, *few, steps)
        images, labels = all_images[:1000], all_labels[:1000]
        kept = off_the_kinks(net, parameters, images)
        assert kept.double().mean() > 0.5
        images, labels = images[kept], labels[kept]
        exact = gradients_of("dense", net, parameters, images, labels, torch.float64)
        # In one order of its sums the reference may by chance come close, on one processor and not on the next.
        orders = [
            errors(gradients_of("dense", net, parameters, images, labels, torch.float32, rows), exact)
            for rows in (150, 450, 1000)
        ]
        reference = {name: max(order[name] for order in orders) for name in orders[0]}
        for engine in ["boxed", "split"] + ["sparse", "integer"] * (COMPILED and device == "cpu"):
            found = errors(gradients_of(engine, net, parameters, images, labels, torch.float32), exact)
            for name, error in found.items():
                assert error <= 3 * max(reference[name], ROUNDOFF), (engine, steps, name)


@pytest.mark.parametrize("engine", FASTER)
@pytest.mark.parametrize(("model", "pixels", "form"), CASES)
def test_double_precision_equals_the_reference(
    model: Model, pixels: str, form: str, engine: str, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    net = network(model, pixels, form, mnist_settings)
    parameters = initialise(model, SEEDS, HIDDEN)
    images, labels = mnist.train_images[:700], mnist.train_labels[:700]
    exact = gradients_of("dense", net, parameters, images, labels, torch.float64)
    found = gradients_of(engine, net, parameters, images, labels, torch.float64)
    assert max(errors(found, exact).values()) < 1e-12
    assert torch.equal(found[0].accuracy, exact[0].accuracy)


@pytest.mark.parametrize("engine", ["dense", *FASTER, *SINGLE])
def test_the_same_steps_twice_give_the_same_bits(engine: str, mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    for model in models()[::5]:
        net = network(model, "raw", "code", mnist_settings)
        once, again = (descended(net, mnist.train_images[:900], mnist.train_labels[:900], 5, engine) for _ in range(2))
        assert all(torch.equal(once[name], again[name]) for name in once)


@pytest.mark.parametrize("engine", ["dense", *FASTER])
@pytest.mark.parametrize("arranged", [pixel_major, Tensor.contiguous], ids=["pixel-major", "contiguous"])
@pytest.mark.parametrize(("seeds", "hidden"), [(1, 128), (3, 7)])
def test_products_add_to_what_is_there_in_any_layout(
    engine: str, arranged: Callable[[Tensor], Tensor], seeds: int, hidden: int, mnist: Dataset
) -> None:
    generator = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    images = mnist.test_images[:101]
    # An image without ink, and a run of them, which leaves whole boxes and tiles empty.
    images = torch.cat([images, torch.zeros(40, 784, dtype=torch.uint8)])
    weight, bias, dz = draw(seeds, hidden, 784), draw(seeds, hidden), draw(seeds, hidden, len(images))
    weight_gradient, bias_gradient = draw(seeds, hidden, 784), draw(seeds, hidden)
    expected = weight_gradient + dz @ images.double(), bias_gradient + dz.sum(-1)
    pixels = ENGINES[engine].pixels(images, torch.float64)
    z = pixels.forward(arranged(weight), bias)
    torch.testing.assert_close(z, weight @ images.T.double() + bias.unsqueeze(-1))
    found = arranged(weight_gradient.clone()), bias_gradient.clone()
    pixels.backward(dz, *found)
    torch.testing.assert_close(found, expected)
    images_first = dz.transpose(1, 2).contiguous().transpose(1, 2)
    again = arranged(weight_gradient.clone()), bias_gradient.clone()
    pixels.backward(images_first, *again)
    torch.testing.assert_close(again, expected)


@needs_compiler
@pytest.mark.parametrize("engine", ["sparse", "integer"])
def test_threads_share_the_work_and_change_no_bit(engine: str, mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    net = network(models()[0], "raw", "code", mnist_settings)
    parameters = initialise(net.model, SEEDS, HIDDEN)
    split = chunks(mnist.train_images[:500], mnist.train_labels[:500], engine, 500, torch.float32)
    weight, bias = parameters["hidden.weight"], parameters["hidden.bias"]
    products = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        gradients = pixel_major(torch.zeros_like(weight)), torch.zeros_like(bias)
        scores = split[0].pixels.forward(weight, bias)
        split[0].pixels.backward(scores, *gradients)
        products.append((scores, *gradients))
    assert all(map(torch.equal, *products))


@pytest.mark.parametrize("order_of", [ink_order, frame_order])
def test_the_order_is_one_of_all_images_and_brings_like_ones_together(
    order_of: Callable[[Tensor], Tensor], mnist: Dataset
) -> None:
    images = mnist.train_images[:6000]
    order = order_of(images)
    assert torch.equal(order.sort().values, torch.arange(len(images)))
    assert torch.equal(order, order_of(images))

    def kept(some: Tensor) -> float:
        return torch.stack([(part > 0).any(0).double().mean() for part in torch.split(some, 500)]).mean().item()

    assert kept(images[order]) < 0.8 * kept(images)


@pytest.mark.parametrize("side", [1, 4, 7, 28])
def test_the_order_of_pixels_is_one_of_all_and_keeps_patches_together(side: int) -> None:
    order = patch_order(side * side)
    assert torch.equal(order.sort().values, torch.arange(side * side))
    row, column = order // side, order % side
    patches = torch.stack([row // 3, column // 2], 1)
    assert len(torch.unique_consecutive(patches, dim=0)) == -(-side // 3) * -(-side // 2)


def test_pixels_in_patches_share_more_of_the_images(mnist: Dataset) -> None:
    inked = (mnist.train_images[:6000] > 0).T

    def multiplied(pixels: Tensor) -> int:
        return int(pad(pixels, (0, 0, 0, -len(pixels) % 6)).view(-1, 6, pixels.shape[1]).any(1).sum())

    assert multiplied(inked[patch_order(784)]) < 0.9 * multiplied(inked)


def test_labels_go_along_with_their_images(mnist: Dataset) -> None:
    images, labels = mnist.test_images[:300], mnist.test_labels[:300].long()
    for engine in ["boxed"] + ["sparse", "integer"] * COMPILED:
        order_of = ENGINES[engine].order
        assert order_of is not None
        order = order_of(images)
        split = chunks(images, labels, engine, 70, torch.float32)
        assert torch.equal(torch.cat([chunk.labels for chunk in split]), labels[order])
        # One weight a pixel: each image gives its own sum of pixels, which single precision holds exactly.
        weight, bias = torch.ones(1, 1, 784, dtype=torch.float32), torch.zeros(1, 1, dtype=torch.float32)
        sums = torch.cat([chunk.pixels.forward(weight, bias).flatten() for chunk in split])
        assert torch.equal(sums, images[order].float().sum(1))


@pytest.mark.parametrize("engine", ["dense", *FASTER, *SINGLE])
def test_one_epoch_on_all_images_scores_alike(engine: str, mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    net = network(models()[0], "raw", "code", mnist_settings)
    parameters = initialise(net.model, [0], HIDDEN)
    images, labels = mnist.test_images, mnist.test_labels
    found, reference = (
        evaluate(net, parameters, chunks(images, labels, kind, 2000, torch.float32)) for kind in (engine, "dense")
    )
    torch.testing.assert_close(found.loss, reference.loss, rtol=1e-6, atol=0)
    assert (found.accuracy - reference.accuracy).abs().max() <= 0.02
