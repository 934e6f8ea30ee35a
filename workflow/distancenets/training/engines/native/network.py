"""One network in the compiled engine: its parameters as the library lays them out, its passes and its steps."""

import ctypes
import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distancenets.configuration.optimisers import GradientDescent, Optimiser
from distancenets.models.heads import OffsetL2Form
from distancenets.models.initialisation import Floats
from distancenets.models.networks import CLASSES
from distancenets.models.registry import Model
from distancenets.training.engines.native.batches import Pictures, Workshop
from distancenets.training.engines.native.bindings import (
    MovingStructure,
    NetworkStructure,
    ScratchStructure,
    Tensors,
    address,
    aligned,
    call,
    constant,
)
from distancenets.training.engines.native.build import compiled_activations
from distancenets.training.engines.native.images import BLOCKS_IN_CHUNK, Lists, Places, Split
from distancenets.training.engines.native.optimiser import structure
from distancenets.training.engines.native.parallel import parallel_for
from distancenets.training.pixel_scaling import Scaling

PLAIN = GradientDescent()
NOTHING: Mapping[str, Floats] = {}
# Floats per vector of the library. Every width is a multiple of it.
LANES = 16
HEADS = {("linear", "code"): 0, ("linear", "paper"): 0, ("offset_l2", "code"): 1, ("offset_l2", "paper"): 2}
# The canonical name of each of the library's tensors, by the head's form.
NAMES = {
    "linear": {"head": "head.weight", "offset": "head.bias"},
    "offset_l2": {"head": "head.prototypes", "scales": "head.scales"},
}


class SplitScore(NamedTuple):
    """A network's score on a split: loss sums per block in nats, and per image whether the answer is right (1 or 0)."""

    losses: NDArray[np.float64]
    right: NDArray[np.uint8]

    @property
    def loss(self) -> float:
        """The mean loss. The sum is rounded once, so its order has no effect."""
        return math.fsum(self.losses.tolist()) / len(self.right)

    @property
    def accuracy(self) -> float:
        """The share of right answers in percent."""
        return 100 * int(self.right.sum()) / len(self.right)


def has_compiled_form(model: Model) -> bool:
    """Whether the library computes `model`."""
    return model.head.compiled is not None and model.activation in compiled_activations()


class Workspace:
    """The memory that passes over one network need besides its tensors. The networks of a pack share it.

    Parameters
    ----------
    threads
        How many threads share a pass. No bit depends on it.
    """

    def __init__(self, inputs: int, hidden: int, threads: int = 1) -> None:
        self.threads = threads
        self.columns = _panel_width(hidden)
        self.width = -(-hidden // self.columns) * self.columns
        self.rows = BLOCKS_IN_CHUNK * constant("block")
        self.folded = aligned(self.width)
        self.dz = [aligned(self.rows, self.width) for _ in range(threads)]
        group, entries = constant("group"), constant("tiles_at_a_time") * max(inputs, self.rows)
        arrays = [
            (aligned(constant("tile") * entries), *(aligned(group, self.width) for _ in range(3)))
            for _ in range(threads)
        ]
        self._kept = arrays
        self.scratch = [ScratchStructure(*map(address, theirs)) for theirs in arrays]
        self._workshops: dict[int, Workshop] = {}

    def workshop(self, split: Split, size: int, network: NetworkStructure, thread: int) -> Workshop:
        """Return the memory of `thread` for mini-batches of `size` images of `split`. They never change."""
        if thread not in self._workshops:
            row, scratch = call("row_length", network), ctypes.addressof(self.scratch[thread])
            self._workshops[thread] = Workshop(split, size, self.width, row, scratch)
        return self._workshops[thread]


class CompiledNetwork:
    """One network, trained by the library.

    Parameters
    ----------
    parameters
        By canonical name, as `models.networks.initial_network` gives them: `hidden.weight` H × D and so on.
    moments
        The optimiser's moments after earlier steps, as `moments` returns them. Empty before the first step.
    """

    def __init__(
        self,
        model: Model,
        form: OffsetL2Form,
        scaling: Scaling,
        parameters: dict[str, Floats],
        space: Workspace,
        optimiser: Optimiser = PLAIN,
        moments: Mapping[str, Floats] = NOTHING,
    ) -> None:
        if model.head.compiled is None:
            raise ValueError(f"the head {model.head.name} has no compiled form")
        self._hidden, self._inputs = parameters["hidden.weight"].shape
        self._space = space
        names = {"weight": "hidden.weight", "bias": "hidden.bias"} | NAMES[model.head.compiled]
        self._names = {ours: name for ours, name in names.items() if name in parameters}
        self._parameters, self._gradients = self._tensors(), self._tensors()
        self._fill(self._parameters, parameters)
        self._moments = {moment: self._tensors() for moment in optimiser.moments}
        for moment, tensors in self._moments.items():
            prefix = f"{moment}/"
            kept = {name.removeprefix(prefix): value for name, value in moments.items() if name.startswith(prefix)}
            self._fill(tensors, kept)
        self._optimiser = structure(optimiser)
        self._moving = (MovingStructure * len(self._names))(*map(self._moving_tensor, self._names))
        self._structure = NetworkStructure(
            inputs=self._inputs,
            hidden=self._hidden,
            width=space.width,
            columns=space.columns,
            activation=compiled_activations().index(model.activation),
            head=HEADS[model.head.compiled, form],
            constrained=model.representation.constrained,
            scale=scaling.a,
            shift=scaling.c,
            sign=model.representation.sign,
            parameters=_pointers(self._parameters),
        )

    def parameters(self) -> dict[str, Floats]:
        """Return a copy of the parameters by canonical name."""
        return self._canonical(self._parameters)

    def gradients(self) -> dict[str, Floats]:
        """Return a copy of the gradients that `differentiate` computed last, by canonical name."""
        return self._canonical(self._gradients)

    def evaluate(self, split: Split) -> SplitScore:
        """Return the score of the parameters on `split`."""
        score = self._prepared(split)

        def work(thread: int, first: int, last: int) -> None:
            self._pass_images(split, (first, last), score, None, None, thread)

        parallel_for(split.blocks, self._space.threads, work)
        return score

    def differentiate(self, split: Split) -> SplitScore:
        """Return the score of the parameters on `split`, and compute the gradients of its mean loss."""
        score, space = self._prepared(split), self._space
        self._gradients["weight"].fill(0)
        sums = aligned(split.blocks, call("row_length", self._structure))

        def images(first: int, thread: int, start: int, end: int) -> None:
            for place in range(start, end):
                block = (first + place) * BLOCKS_IN_CHUNK
                blocks = block, min(block + BLOCKS_IN_CHUNK, split.blocks)
                self._pass_images(split, blocks, score, sums, space.dz[place], thread)

        def pixels(chunks: list[Lists], thread: int, start: int, end: int) -> None:
            for dz, lists in zip(space.dz, chunks, strict=False):
                self._pass_pixels(split, lists, (start, end), dz, thread)

        # One chunk per thread at a time: first the images of each chunk, then all these chunks pixel by pixel.
        for first in range(0, len(split.chunks), space.threads):
            chunks = split.chunks[first : first + space.threads]
            parallel_for(len(chunks), space.threads, partial(images, first))
            parallel_for(chunks[0].tiles, space.threads, partial(pixels, chunks))
        call("join_blocks", self._structure, split.blocks, sums, _pointers(self._gradients))
        return score

    def moments(self) -> dict[str, Floats]:
        """Return a copy of the optimiser's moments, named `<moment>/<parameter>`."""
        kept = {moment: self._canonical(tensors) for moment, tensors in self._moments.items()}
        return {f"{moment}/{name}": value for moment, values in kept.items() for name, value in values.items()}

    def update(self, taken: int) -> None:
        """Make step number `taken` + 1 by the gradients that `differentiate` computed last."""
        call("update", self._optimiser, taken, len(self._names), self._moving)

    def pass_batches(self, pictures: Pictures, places: Places, size: int, taken: int, thread: int = 0) -> None:
        """Train on the images `places` in batches of `size`, one step per batch. `taken` steps were made before."""
        call("plain_arithmetic")
        split, space = pictures.split, self._space
        gradients, room = _pointers(self._gradients), space.workshop(split, size, self._structure, thread)
        steps = (gradients, self._optimiser, taken, len(self._names), self._moving)
        call("pass_batches", self._structure, pictures.structure, split.labels, places, size, *steps, room.structure)

    def _prepared(self, split: Split) -> SplitScore:
        call("plain_arithmetic")
        call("fold_bias", self._structure, self._space.folded)
        return SplitScore(np.empty(split.blocks), np.empty(split.count, np.uint8))

    def _pass_images(
        self,
        split: Split,
        blocks: tuple[int, int],
        score: SplitScore,
        sums: Floats | None,
        dz: Floats | None,
        thread: int,
    ) -> None:
        space = self._space
        inputs = (split.by_image.structure, split.labels, split.count, *blocks, space.folded, 1 / split.count)
        outputs = (score.losses, score.right, sums, space.rows, dz, space.scratch[thread])
        call("pass_images", self._structure, *inputs, *outputs)

    def _pass_pixels(self, split: Split, chunk: Lists, tiles: tuple[int, int], dz: Floats, thread: int) -> None:
        space = self._space
        inputs = (chunk.structure, split.pixels, *tiles, space.rows, dz)
        call("pass_pixels", self._structure, *inputs, self._gradients["weight"], space.scratch[thread])

    def _tensors(self) -> dict[str, Floats]:
        return {
            "weight": aligned(self._space.width // self._space.columns, self._inputs, self._space.columns),
            "bias": aligned(self._space.width),
            "head": aligned(CLASSES, self._space.width),
            "scales": aligned(CLASSES, self._space.width),
            "offset": aligned(LANES),
        }

    def _moving_tensor(self, ours: str) -> MovingStructure:
        value, gradient = self._parameters[ours], self._gradients[ours]
        kept = [address(tensors[ours]) for tensors in self._moments.values()]
        return MovingStructure(value.size, address(value), address(gradient), *kept)

    def _fill(self, tensors: dict[str, Floats], values: Mapping[str, Floats]) -> None:
        for ours, name in self._names.items():
            if name not in values:
                continue
            value, target = values[name], tensors[ours]
            if ours == "weight":
                matrix = np.zeros((self._inputs, self._space.width), np.float32)
                matrix[:, : self._hidden] = value.T
                target[:] = matrix.reshape(self._inputs, -1, self._space.columns).transpose(1, 0, 2)
            else:
                target[..., : value.shape[-1]] = value

    def _canonical(self, tensors: dict[str, Floats]) -> dict[str, Floats]:
        panels = tensors["weight"].transpose(1, 0, 2).reshape(self._inputs, -1)
        shaped = {
            "weight": panels[:, : self._hidden].T,
            "bias": tensors["bias"][: self._hidden],
            "head": tensors["head"][:, : self._hidden],
            "scales": tensors["scales"][:, : self._hidden],
            "offset": tensors["offset"][:CLASSES],
        }
        return {name: shaped[ours].copy(order="C") for ours, name in self._names.items()}


def _pointers(tensors: dict[str, Floats]) -> Tensors:
    return Tensors(**{name: address(array) for name, array in tensors.items()})


def _panel_width(hidden: int) -> int:
    """Return the number of columns per panel: the largest power of two that the registers and the layer allow."""
    needed = -(-hidden // LANES) * LANES
    return max(width for width in (16, 32, 64, 128) if width <= min(needed, constant("widest")))
