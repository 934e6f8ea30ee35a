"""Every engine, and the one that a job uses. Nothing else lists engines."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from distancenets.errors import UserError
from distancenets.training.engines.boxed import BoxedPixels
from distancenets.training.engines.compiler import Library, NoCompiler
from distancenets.training.engines.integer import IntegerPixels, has_tiles, products
from distancenets.training.engines.order import frame_order, ink_order
from distancenets.training.engines.sparse import SparsePixels, built
from distancenets.training.engines.split import SplitPixels, fault
from distancenets.training.engines.tf32 import Tf32Pixels
from distancenets.training.pixels import DensePixels, Pixels


@dataclass(frozen=True)
class Engine:
    """A kind of `Pixels`: how it is made of a chunk of images, and the order it wants the images of a split in.

    `rows` is the most images of a chunk that it does well with, where memory has room for more.
    """

    pixels: Callable[[Tensor, torch.dtype], Pixels]
    order: Callable[[Tensor], Tensor] | None = None
    rows: int | None = None


ENGINES: dict[str, Engine] = {
    "dense": Engine(DensePixels),
    "boxed": Engine(BoxedPixels, frame_order),
    "sparse": Engine(SparsePixels, ink_order),
    "integer": Engine(IntegerPixels, frame_order),
    # Chunks of 4,000 keep 59 % of the pixels, of 60,000 92 %.
    "split": Engine(SplitPixels, ink_order, 4000),
    "tf32": Engine(Tf32Pixels),
}

# What a C compiler builds for the CPU, by engine.
COMPILED: dict[str, Callable[[], Library]] = {"sparse": lambda: built(torch.float32), "integer": products}
# The compute capability from which on a GPU has the tensor cores that a precision needs.
TENSOR_CORES = {"split": (7, 0), "tf32": (8, 0)}


@dataclass(frozen=True)
class Choice:
    """The engine in use, what was built for it, and a line for the user where a faster one is missing."""

    name: str
    build: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def precision(self) -> str:
        """How the first layer's products are made: `float32`, `split` or `tf32`."""
        return self.name if self.name in TENSOR_CORES else "float32"


def choose(engine: str, device: torch.device, precision: str = "auto") -> Choice:
    """Return the engine for the settings `engine` and `precision` on `device`; `auto` is the fastest that works there.

    Of itself it never takes `tf32`, whose results are less accurate than float32's.

    Raises
    ------
    UserError
        The engine or precision that is asked for by name does not work here.
    """
    if precision in TENSOR_CORES:
        return _with_tensor_cores(engine, device, precision)
    note = None
    if (engine, precision) == ("auto", "auto") and _has_tensor_cores(device, "split"):
        reason = fault(device)
        if reason is None:
            return Choice("split")
        note = f"engine dense, which is slower than split: {reason}"
    if engine in ("dense", "boxed"):
        return Choice(engine)
    if device.type != "cpu":
        if engine in COMPILED:
            raise UserError(f"training.engine: {engine} works on the CPU only, not on {device}")
        return Choice("dense", note=note)
    return _compiled(engine)


def _compiled(engine: str) -> Choice:
    """Return the compiled engine of that name; for `auto` the faster one, or a plain one where there is no compiler."""
    try:
        name = engine if engine != "auto" else "integer" if has_tiles() else "sparse"
        library = COMPILED[name]()
    except NoCompiler as error:
        if engine != "auto":
            raise UserError(f"training.engine: {engine} does not work here: {error}") from error
        return Choice("boxed", note=f"engine boxed, which is slower than sparse: {error}")
    return Choice(name, {"compiler": library.compiler, "flags": library.flags})


def _with_tensor_cores(engine: str, device: torch.device, precision: str) -> Choice:
    if engine != "auto":
        raise UserError(f"training.precision: {precision} has its own engine, so training.engine cannot be {engine}")
    if not _has_tensor_cores(device, precision):
        major, minor = TENSOR_CORES[precision]
        raise UserError(
            f"training.precision: {precision} needs an NVIDIA GPU of compute capability {major}.{minor} or more, "
            f"which {device} is not"
        )
    reason = fault(device) if precision == "split" else None
    if reason is not None:
        raise UserError(f"training.precision: split does not work on {device}: {reason}")
    return Choice(precision)


def _has_tensor_cores(device: torch.device, precision: str) -> bool:
    if device.type != "cuda" or torch.version.cuda is None:
        return False
    return torch.cuda.get_device_capability(device) >= TENSOR_CORES[precision]
