"""Every engine, and the one that a job uses. Nothing else lists engines."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from distancenets.errors import UserError
from distancenets.training.engines.boxed import BoxedPixels
from distancenets.training.engines.compiler import NoCompiler, gather
from distancenets.training.engines.order import ink_order
from distancenets.training.engines.sparse import SparsePixels
from distancenets.training.engines.split import SplitPixels
from distancenets.training.pixels import DensePixels, Pixels


@dataclass(frozen=True)
class Engine:
    """A kind of `Pixels`: how it is made of a chunk of images, and the order it wants the images of a split in."""

    pixels: Callable[[Tensor, torch.dtype], Pixels]
    order: Callable[[Tensor], Tensor] | None = None


ENGINES: dict[str, Engine] = {
    "dense": Engine(DensePixels),
    "boxed": Engine(BoxedPixels, ink_order),
    "sparse": Engine(SparsePixels, ink_order),
    "split": Engine(SplitPixels, ink_order),
}


@dataclass(frozen=True)
class Choice:
    """The engine in use, what was built for it, and a line for the user where a faster one is missing."""

    name: str
    build: dict[str, str] = field(default_factory=dict)
    note: str | None = None


def choose(request: str, device: torch.device) -> Choice:
    """Return the engine for `request` on `device`; `auto` is the fastest that works there.

    Raises
    ------
    UserError
        The engine that is asked for by name does not work here.
    """
    if request in ("dense", "boxed"):
        return Choice(request)
    if device.type != "cpu":
        if request == "sparse":
            raise UserError(f"training.engine: sparse works on the CPU only, not on {device}")
        return Choice("dense")
    try:
        function = gather(torch.float32)
    except NoCompiler as error:
        if request == "sparse":
            raise UserError(f"training.engine: sparse does not work here: {error}") from error
        return Choice("boxed", note=f"engine boxed, which is slower than sparse: {error}")
    return Choice("sparse", {"compiler": function.compiler, "flags": function.flags})
