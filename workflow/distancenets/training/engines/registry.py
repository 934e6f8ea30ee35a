"""The engines, and the one that a job uses."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from distancenets.errors import UserError
from distancenets.models.registry import Model
from distancenets.training.engines.image_order import frame_order
from distancenets.training.engines.native.build import NoCompiler, build
from distancenets.training.engines.native.network import has_compiled_form
from distancenets.training.engines.split import SplitPixels, fault
from distancenets.training.first_layer import DensePixels, Pixels

# The compute capability from which on a GPU has the tensor cores that `split` needs.
TENSOR_CORES = (7, 0)


@dataclass(frozen=True)
class PixelEngine:
    """An engine of PyTorch's: how `Pixels` are made of a chunk of images, and the order it wants a split's images in.

    `rows` is the most images of a chunk that it does well with, where memory has room for more.
    """

    pixels: Callable[[Tensor, torch.dtype], Pixels]
    order: Callable[[Tensor], Tensor] | None = None
    rows: int | None = None


def _frame_order(images: Tensor) -> Tensor:
    return torch.from_numpy(frame_order(images.cpu().numpy())).to(images.device)


# The compiled engine is none of them: it makes a whole step, not the first layer's products alone.
PIXEL_ENGINES: dict[str, PixelEngine] = {
    "dense": PixelEngine(DensePixels),
    # Chunks of 4,000 keep 59 % of the pixels, of 60,000 92 %.
    "split": PixelEngine(SplitPixels, _frame_order, 4000),
}


@dataclass(frozen=True)
class EngineSelection:
    """The engine in use, what it was built by and for, and a line for the user if a faster one is missing."""

    name: str
    build: dict[str, str] = field(default_factory=dict)
    note: str | None = None


def select_engine(engine: str, model: Model, device: torch.device, in_batches: bool = False) -> EngineSelection:
    """Return the engine for the setting `engine`, to train `model` on `device`; `auto` is the fastest that works there.

    `in_batches` is whether it is trained by mini-batches, which on a GPU `dense` alone takes.

    Raises
    ------
    UserError
        The engine that is asked for by name does not work here, or the compiler fails.
    """
    if engine == "dense":
        return EngineSelection("dense")
    if device.type != "cpu" and in_batches and engine == "auto":
        return EngineSelection("dense")
    if in_batches and engine == "split":
        raise UserError("training.engine: split takes no mini-batches; leave it to auto")
    if device.type != "cpu":
        return _on_gpu(engine, device)
    if engine == "split":
        raise UserError(f"training.engine: split needs {_needs()}, which {device} is not")
    return _on_cpu(engine, model)


def _on_cpu(engine: str, model: Model) -> EngineSelection:
    own_bits = "engine dense: slower, and the bits are this machine's own"
    if not has_compiled_form(model):
        if engine == "compiled":
            raise UserError(f"training.engine: {model.paper_name} has no C form, so it is trained by dense alone")
        return EngineSelection("dense", note=f"{own_bits} ({model.paper_name} has no C form)")
    try:
        made = build()
    except NoCompiler as error:
        if engine == "compiled":
            raise UserError(f"training.engine: compiled does not work here: {error}") from error
        return EngineSelection("dense", note=f"{own_bits} ({error})")
    return EngineSelection("compiled", {"compiler": made.compiler, "target": made.target})


def _on_gpu(engine: str, device: torch.device) -> EngineSelection:
    if engine == "compiled":
        raise UserError(f"training.engine: compiled works on the CPU only, not on {device}")
    if not _has_tensor_cores(device):
        if engine == "split":
            raise UserError(f"training.engine: split needs {_needs()}, which {device} is not")
        return EngineSelection("dense")
    reason = fault(device)
    if reason is None:
        return EngineSelection("split")
    if engine == "split":
        raise UserError(f"training.engine: split does not work on {device}: {reason}")
    return EngineSelection("dense", note=f"engine dense, which is slower than split: {reason}")


def _needs() -> str:
    return f"an NVIDIA GPU of compute capability {'.'.join(map(str, TENSOR_CORES))} or more"


def _has_tensor_cores(device: torch.device) -> bool:
    if device.type != "cuda" or torch.version.cuda is None:
        return False
    return torch.cuda.get_device_capability(device) >= TENSOR_CORES
