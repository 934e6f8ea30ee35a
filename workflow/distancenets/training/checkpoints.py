"""Checkpoints: all that an interrupted pack needs to go on to the same bits."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from distancenets.errors import UserError
from distancenets.files import replacing


@dataclass
class State:
    """A pack between two steps.

    `rows` are the metrics so far, one S × 4 tensor (epoch, train loss, train accuracy, test accuracy) a recorded
    epoch, on the device that trains; `kept` are the parameters at the kept epochs that have passed.
    """

    epoch: int
    parameters: dict[str, Tensor]
    rows: list[Tensor] = field(default_factory=list)
    kept: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    seconds: float = 0.0


def write_checkpoint(path: Path, digest: str, state: State) -> None:
    """Write `state` in one move, with the digest of the pack that it belongs to."""
    tensors = {f"parameters/{name}": value for name, value in state.parameters.items()}
    tensors |= {f"kept/{epoch}/{name}": value for epoch, kept in state.kept.items() for name, value in kept.items()}
    if state.rows:
        tensors["rows"] = torch.stack(state.rows)
    metadata = {"digest": digest, "epoch": str(state.epoch), "seconds": repr(state.seconds)}
    with replacing(path) as temporary:
        temporary.write_bytes(save({name: value.contiguous().cpu() for name, value in tensors.items()}, metadata))


def read_checkpoint(path: Path, digest: str, device: torch.device) -> State | None:
    """Return the state in `path`, or None where there is none; a `UserError` refuses another configuration's."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: not a readable checkpoint ({error}); delete it to start afresh") from error
    if metadata.get("digest") != digest:
        raise UserError(f"{path}: a checkpoint of another configuration; delete it to start afresh")
    kept: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("kept/"):
            _, epoch, parameter = name.split("/")
            kept.setdefault(int(epoch), {})[parameter] = value
    return State(
        epoch=int(metadata["epoch"]),
        parameters={
            name.removeprefix("parameters/"): value for name, value in tensors.items() if name.startswith("parameters/")
        },
        rows=list(tensors["rows"]) if "rows" in tensors else [],
        kept=kept,
        seconds=float(metadata["seconds"]),
    )
