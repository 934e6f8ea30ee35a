"""Fingerprints: digests of what a run computes, independent of how its code is written.

A fingerprint hashes the results of a few steps of a small fixed problem, made as in a run of the recipe. So a run is
stale if a constant, the order of a sum or an initial value changes. It is not stale if a function is renamed or made
faster with the same bits.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from distancenets.configuration.datasets import DatasetSettings
from distancenets.configuration.optimisers import Adam, GradientDescent, Momentum, Optimiser
from distancenets.configuration.recipes import Recipe
from distancenets.datasets.splits import drawn_order
from distancenets.models.heads import OffsetL2Form
from distancenets.models.networks import CLASSES, INPUTS, initial_network
from distancenets.models.registry import Model, find_model, models
from distancenets.training.batch_order import batch_order
from distancenets.training.engines.native.batches import Pictures
from distancenets.training.engines.native.build import NoCompiler, build
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace, has_compiled_form
from distancenets.training.pixel_scaling import Scaling, scaling

# Enough for two chunks of the compiled engine, so that fingerprints include the sum over both.
IMAGES = 1300
STEPS = 3
HIDDEN = 24
# Significant digits of PyTorch's results. The last bits of its sums differ between machines.
DIGITS = 9
ENGINES = ("dense", "compiled", "split")
FIELDS = ("model", "pixels", "offset_l2", "optimiser", "batch_size", "fingerprint")
BatchSize = Literal["full"] | int
TRAINING: tuple[tuple[Optimiser, BatchSize], ...] = (
    (GradientDescent(), "full"),
    (Adam(), 128),
    (Momentum(learning_rate=0.01, momentum=0.9), 700),
)


def fingerprint(recipe: Recipe, engine: str | None = None) -> str:
    """Return the fingerprint of a run of `recipe` with `engine`, as 64 hexadecimal digits.

    The default is the CPU's engine: compiled, or dense for a model without a C form or on a machine without a compiler.
    """
    model = find_model(recipe.architecture, recipe.representation)
    engine = engine or cpu_engine(model)
    scales = scaling(recipe.experiment.pixels, recipe.dataset)
    experiment = recipe.experiment
    work = experiment.offset_l2, scales, experiment.optimiser, experiment.batch_size
    found = _fingerprint(engine, model.architecture, model.representation.name, *work)
    if experiment.split == "published":
        return found
    return hashlib.sha256(found.encode() + drawn_order(0, IMAGES).tobytes()).hexdigest()


def fingerprints(dataset: DatasetSettings) -> Iterator[dict[str, str]]:
    """Yield `FIELDS` for each model, pixel scaling and OffsetL2 form, for the paper's training and for others."""
    for optimiser, batch_size in TRAINING:
        for model in models():
            forms: list[OffsetL2Form] = ["code", "paper"] if model.head.name == "offset_l2" else ["code"]
            for pixels, form in product(("raw", "standardised"), forms):
                work = form, scaling(pixels, dataset), optimiser, batch_size
                found = _fingerprint(cpu_engine(model), model.architecture, model.representation.name, *work)
                described = model.paper_name, pixels, form, optimiser.name, str(batch_size), found
                yield dict(zip(FIELDS, described, strict=True))


def is_current(recipe: Recipe, provenance: Mapping[str, Any]) -> bool:
    """Whether the run with this `run.json` has the fingerprint of the current code with the run's engine."""
    engine, kept = provenance.get("engine", {}).get("name"), provenance["code"].get("fingerprint")
    if engine not in ENGINES:
        return False
    try:
        return bool(kept == fingerprint(recipe, engine))
    except NoCompiler:
        return True  # Without a compiler, no difference can be found.


def cpu_engine(model: Model) -> str:
    """Return the engine that trains `model` on this machine's CPU."""
    try:
        build()
    except NoCompiler:
        return "dense"
    return "compiled" if has_compiled_form(model) else "dense"


@cache
def _fingerprint(
    engine: str,
    architecture: str,
    representation: str,
    form: OffsetL2Form,
    scales: Scaling,
    optimiser: Optimiser,
    batch_size: BatchSize,
) -> str:
    model = find_model(architecture, representation)
    parts = list((_compiled if engine == "compiled" else _dense)(model, form, scales, optimiser, batch_size))
    if engine == "split":
        parts.append(_halves())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def problem() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images, one pixel in five nonzero as in MNIST, and labels, made by integer arithmetic alone."""
    place = np.arange(IMAGES * INPUTS, dtype=np.uint64).reshape(IMAGES, INPUTS)
    mixed = place * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    drawn = (mixed ^ mixed >> np.uint64(29)) * np.uint64(3202034522624059733) >> np.uint64(40)
    images = np.where(drawn % np.uint64(5) == 0, drawn >> np.uint64(8) & np.uint64(255), 0)
    return images.astype(np.uint8), (images.sum(1) % CLASSES).astype(np.uint8)


@cache
def _split() -> Split:
    return Split(*problem())


@cache
def _pictures() -> Pictures:
    return Pictures(_split())


def _compiled(
    model: Model, form: OffsetL2Form, scales: Scaling, optimiser: Optimiser, batch_size: BatchSize
) -> Iterable[bytes]:
    start, space, split = initial_network(model, 0, HIDDEN), Workspace(INPUTS, HIDDEN), _split()
    network = CompiledNetwork(model, form, scales, start, space, optimiser)
    for epoch in range(STEPS):
        score = network.differentiate(split)
        yield np.array([score.loss, score.accuracy]).tobytes()
        # Include gradients: one step at the paper's learning rate drops most of their bits, many steps would show them.
        yield from (value.tobytes() for value in network.gradients().values())
        if batch_size == "full":
            network.update(epoch)
        else:
            size = min(batch_size, IMAGES)
            places = _pictures().batches(batch_order(0, epoch, IMAGES), size)
            network.pass_batches(_pictures(), places, size, epoch * -(-IMAGES // size))
    yield from (f"{name}\n".encode() + value.tobytes() for name, value in network.moments().items())
    yield from (f"{name}\n".encode() + value.tobytes() for name, value in network.parameters().items())


def _dense(
    model: Model, form: OffsetL2Form, scales: Scaling, optimiser: Optimiser, batch_size: BatchSize
) -> Iterable[bytes]:
    """Yield PyTorch's results in double precision, without the digits that differ between machines."""
    import torch  # noqa: PLC0415 (slow to import, and the compiled engine needs none of it)

    from distancenets.models.networks import initialise  # noqa: PLC0415
    from distancenets.training.batches import Network, chunks, differentiate  # noqa: PLC0415
    from distancenets.training.mini_batches import MiniBatchSteps  # noqa: PLC0415
    from distancenets.training.optimisers import descend, no_moments  # noqa: PLC0415

    parameters = {name: value.double() for name, value in initialise(model, [0], HIDDEN).items()}
    images, labels = map(torch.from_numpy, problem())
    split = chunks(images, labels, "dense", IMAGES, torch.float64)
    network, moments = Network(model, form, scales), no_moments(optimiser, parameters)
    size = IMAGES if batch_size == "full" else min(batch_size, IMAGES)
    batched = (images, labels, split, split, optimiser, size)
    steps = MiniBatchSteps(network, parameters, moments, [0], *batched)
    for epoch in range(STEPS):
        score, gradients = differentiate(network, parameters, split)
        for name, gradient in gradients.items():
            yield f"{name} {gradient.norm().item():.{DIGITS}g}\n".encode()
        if batch_size == "full":
            descend(optimiser, parameters, gradients, moments, epoch)
        else:
            steps.step(epoch)
        yield f"{score.loss.item():.{DIGITS}g} {score.accuracy.item():.{DIGITS}g}\n".encode()
    yield from (f"{name} {value.norm().item():.{DIGITS}g}\n".encode() for name, value in parameters.items())


def _halves() -> bytes:
    """Return the bits of the split engine's two parts of numbers. They are exact, so they are the same everywhere."""
    import torch  # noqa: PLC0415

    from distancenets.training.engines.split import halves  # noqa: PLC0415

    parts, inverse = halves(torch.from_numpy(problem()[0][:HIDDEN].astype(np.float32) / np.float32(3) - 40), 1)
    return parts.numpy().tobytes() + inverse.numpy().tobytes()
