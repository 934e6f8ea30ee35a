"""Engines against the dense reference: in single precision their numbers are as good."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from distancenets.configuration.datasets import DatasetSettings
from distancenets.datasets.store import Dataset
from distancenets.models.networks import head_parameters, initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network, Score, chunks, differentiate, evaluate
from distancenets.training.engines.compiled import score_of
from distancenets.training.engines.image_order import frame_order
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.first_layer import DensePixels, pixel_major
from distancenets.training.pixel_scaling import scaling
from requirements import COMPILED, DEVICES

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
    if engine == "compiled":
        return compiled_gradients(net, parameters, images, labels)
    parameters = {name: value.to(dtype) for name, value in parameters.items()}
    return differentiate(net, parameters, chunks(images, labels, engine, rows, dtype))


def compiled_gradients(
    net: Network, parameters: Parameters, images: Tensor, labels: Tensor
) -> tuple[Score, Parameters]:
    split, space = Split(images.numpy(), labels.numpy()), Workspace(images.shape[1], HIDDEN)
    networks = [
        CompiledNetwork(
            net.model, net.offset_l2, net.scaling, {n: v[seed].numpy() for n, v in parameters.items()}, space
        )
        for seed in range(len(SEEDS))
    ]
    score = score_of([network.differentiate(split) for network in networks])
    gradients = [network.gradients() for network in networks]
    return score, {name: torch.stack([torch.from_numpy(each[name]) for each in gradients]) for name in gradients[0]}


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


def losses_nearby(net: Network, parameters: Parameters, images: Tensor, labels: Tensor) -> Iterator[float]:
    """Yield the error of the reference's loss where all weights are a thousandth larger, and two thousandths."""
    for share in (1.001, 1.002):
        larger = {name: share * value for name, value in parameters.items()}
        exact = gradients_of("dense", net, larger, images, labels, torch.float64)
        yield errors(gradients_of("dense", net, larger, images, labels, torch.float32), exact)["loss"]


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
        # In one order of its sums the reference may by chance come close, on one processor and not on the next; so may
        # a loss, which has one order, at one place.
        orders = [
            errors(gradients_of("dense", net, parameters, images, labels, torch.float32, rows), exact)
            for rows in (150, 450, 1000)
        ]
        orders += [{"loss": error} for error in losses_nearby(net, parameters, images, labels)]
        reference = {name: max(order[name] for order in orders if name in order) for name in orders[0]}
        for engine in ["split"] + ["compiled"] * (COMPILED and device == "cpu"):
            found = errors(gradients_of(engine, net, parameters, images, labels, torch.float32), exact)
            for name, error in found.items():
                assert error <= 3 * max(reference[name], ROUNDOFF), (engine, steps, name)


@pytest.mark.parametrize("engine", ["dense", "split"])
def test_the_same_steps_twice_give_the_same_bits(engine: str, mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    for model in models()[::5]:
        net = network(model, "raw", "code", mnist_settings)
        once, again = (descended(net, mnist.train_images[:900], mnist.train_labels[:900], 5, engine) for _ in range(2))
        assert all(torch.equal(once[name], again[name]) for name in once)


@pytest.mark.parametrize("arranged", [pixel_major, Tensor.contiguous], ids=["pixel-major", "contiguous"])
@pytest.mark.parametrize(("seeds", "hidden"), [(1, 128), (3, 7)])
def test_products_add_to_what_is_there_in_any_layout(
    arranged: Callable[[Tensor], Tensor], seeds: int, hidden: int, mnist: Dataset
) -> None:
    generator = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    images = mnist.test_images[:101]
    # Images without a nonzero pixel.
    images = torch.cat([images, torch.zeros(40, 784, dtype=torch.uint8)])
    weight, bias, dz = draw(seeds, hidden, 784), draw(seeds, hidden), draw(seeds, hidden, len(images))
    weight_gradient, bias_gradient = draw(seeds, hidden, 784), draw(seeds, hidden)
    expected = weight_gradient + dz @ images.double(), bias_gradient + dz.sum(-1)
    pixels = DensePixels(images, torch.float64)
    z = pixels.forward(arranged(weight), bias)
    torch.testing.assert_close(z, weight @ images.T.double() + bias.unsqueeze(-1))
    found = arranged(weight_gradient.clone()), bias_gradient.clone()
    pixels.backward(dz, *found)
    torch.testing.assert_close(found, expected)
    images_first = dz.transpose(1, 2).contiguous().transpose(1, 2)
    again = arranged(weight_gradient.clone()), bias_gradient.clone()
    pixels.backward(images_first, *again)
    torch.testing.assert_close(again, expected)


def test_the_order_is_one_of_all_images_and_brings_like_ones_together(mnist: Dataset) -> None:
    images = mnist.train_images[:6000]
    order = frame_order(images.numpy())
    assert sorted(order.tolist()) == list(range(len(images)))

    def kept(some: Tensor) -> float:
        return torch.stack([(part > 0).any(0).double().mean() for part in torch.split(some, 500)]).mean().item()

    assert kept(images[order]) < 0.8 * kept(images)


def test_labels_go_along_with_their_images(mnist: Dataset) -> None:
    images, labels = mnist.test_images[:300], mnist.test_labels[:300].long()
    order = frame_order(images.numpy())
    split = chunks(images, labels, "split", 70, torch.float32)
    assert torch.equal(torch.cat([chunk.labels for chunk in split]), labels[order])
    # One weight a pixel: each image gives its own sum of pixels, which single precision holds exactly.
    weight, bias = torch.ones(1, 1, 784, dtype=torch.float32), torch.zeros(1, 1, dtype=torch.float32)
    sums = torch.cat([chunk.pixels.forward(weight, bias).flatten() for chunk in split])
    assert torch.equal(sums, images[order].float().sum(1))


@pytest.mark.parametrize("engine", ["dense", "split"])
def test_one_epoch_on_all_images_scores_alike(engine: str, mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    net = network(models()[0], "raw", "code", mnist_settings)
    parameters = initialise(net.model, [0], HIDDEN)
    images, labels = mnist.test_images, mnist.test_labels
    found, reference = (
        evaluate(net, parameters, chunks(images, labels, kind, 2000, torch.float32)) for kind in (engine, "dense")
    )
    torch.testing.assert_close(found.loss, reference.loss, rtol=1e-6, atol=0)
    assert (found.accuracy - reference.accuracy).abs().max() <= 0.02
