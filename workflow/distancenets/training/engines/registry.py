"""The engines, and the choice of one for a job."""

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

# The lowest compute capability of a GPU with the tensor cores that `split` needs.
TENSOR_CORES = (7, 0)


@dataclass(frozen=True)
class PixelEngine:
    """A PyTorch engine: how it makes `Pixels` of a chunk of images, and in which order it wants a split's images.

    `rows` is the most images per chunk with which it is fast, even if memory has room for more.
    """

    pixels: Callable[[Tensor, torch.dtype], Pixels]
    order: Callable[[Tensor], Tensor] | None = None
    rows: int | None = None


def _frame_order(images: Tensor) -> Tensor:
    return torch.from_numpy(frame_order(images.cpu().numpy())).to(images.device)


# The compiled engine is not one of them: it computes a whole step, not only the first layer's products.
PIXEL_ENGINES: dict[str, PixelEngine] = {
    "dense": PixelEngine(DensePixels),
    # Chunks of 4,000 images keep 59 % of the pixels, chunks of 60,000 keep 92 %.
    "split": PixelEngine(SplitPixels, _frame_order, 4000),
}


@dataclass(frozen=True)
class EngineSelection:
    """The engine in use, its compiler and target, and a line for the user if a faster engine is missing."""

    name: str
    build: dict[str, str] = field(default_factory=dict)
    note: str | None = None


def select_engine(engine: str, model: Model, device: torch.device, in_batches: bool = False) -> EngineSelection:
    """Return the engine for the setting `engine` that trains `model` on `device`. `auto` is the fastest that works.

    `in_batches` says whether training uses mini-batches. On a GPU, only `dense` supports them.

    Raises
    ------
    UserError
        The engine was chosen by name and does not work here, or the compiler fails.
    """
    if engine == "dense":
        return EngineSelection("dense")
    if device.type != "cpu" and in_batches and engine == "auto":
        return EngineSelection("dense")
    if in_batches and engine == "split":
        raise UserError("training.engine: split does not support mini-batches; use auto")
    if device.type != "cpu":
        return _on_gpu(engine, device)
    if engine == "split":
        raise UserError(f"training.engine: split needs {_needs()}, not {device}; use auto")
    return _on_cpu(engine, model)


def _on_cpu(engine: str, model: Model) -> EngineSelection:
    own_bits = "engine dense: slower, and bits depend on the machine"
    if not has_compiled_form(model):
        if engine == "compiled":
            raise UserError(f"training.engine: {model.paper_name} has no C form, which compiled needs; use auto")
        return EngineSelection("dense", note=f"{own_bits} ({model.paper_name} has no C form)")
    try:
        made = build()
    except NoCompiler as error:
        if engine == "compiled":
            raise UserError(f"training.engine: compiled does not work here: {error}; use auto") from error
        return EngineSelection("dense", note=f"{own_bits} ({error})")
    return EngineSelection("compiled", {"compiler": made.compiler, "target": made.target})


def _on_gpu(engine: str, device: torch.device) -> EngineSelection:
    if engine == "compiled":
        raise UserError(f"training.engine: compiled works on the CPU only, not on {device}; use auto")
    if not _has_tensor_cores(device):
        if engine == "split":
            raise UserError(f"training.engine: split needs {_needs()}, not {device}; use auto")
        return EngineSelection("dense")
    reason = fault(device)
    if reason is None:
        return EngineSelection("split")
    if engine == "split":
        raise UserError(f"training.engine: split does not work on {device}: {reason}; use auto")
    return EngineSelection("dense", note=f"engine dense, which is slower than split: {reason}")


def _needs() -> str:
    return f"an NVIDIA GPU of compute capability {'.'.join(map(str, TENSOR_CORES))} or more"


def _has_tensor_cores(device: torch.device) -> bool:
    if device.type != "cuda" or torch.version.cuda is None:
        return False
    return torch.cuda.get_device_capability(device) >= TENSOR_CORES
