"""Checkpoints: everything that an interrupted pack needs to continue with the same bits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from distancenets.errors import Damaged
from distancenets.files import replacing

REMEDY = "delete it or use --overwrite to start over"


@dataclass
class State:
    """A pack between two steps.

    `rows` are the metrics so far, on the training device: per recorded epoch one S × 4 tensor (epoch, train loss, train
    accuracy, test accuracy). `moments` are the optimiser's, named `<moment>/<parameter>` after `torch.optim`. `kept`
    are the parameters at the kept epochs that have passed.
    """

    epoch: int
    parameters: dict[str, Tensor]
    moments: dict[str, Tensor] = field(default_factory=dict)
    rows: list[Tensor] = field(default_factory=list)
    kept: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    seconds: float = 0.0

    def of_seeds(self, places: list[int]) -> "State":
        """Return the state of only the seeds at these `places` in the pack."""
        kept = {epoch: _of_seeds(parameters, places) for epoch, parameters in self.kept.items()}
        rows = [row[places] for row in self.rows]
        parameters, moments = _of_seeds(self.parameters, places), _of_seeds(self.moments, places)
        return State(self.epoch, parameters, moments, rows, kept, self.seconds)


class Header(NamedTuple):
    """What a checkpoint belongs to: the recipe's digest, the seeds, the engine and the fingerprint of its code."""

    recipe: str
    seeds: tuple[int, ...]
    engine: str
    fingerprint: str


def write_checkpoint(path: Path, header: Header, state: State) -> None:
    """Write `state` atomically, with the SHA-256 of its content."""
    tensors = {f"parameters/{name}": value for name, value in state.parameters.items()}
    tensors |= {f"moments/{name}": value for name, value in state.moments.items()}
    tensors |= {f"kept/{epoch}/{name}": value for epoch, kept in state.kept.items() for name, value in kept.items()}
    if state.rows:
        tensors["rows"] = torch.stack(state.rows)
    tensors = {name: value.contiguous().cpu() for name, value in tensors.items()}
    metadata = header._asdict() | {"seeds": " ".join(map(str, header.seeds))}
    metadata |= {"epoch": str(state.epoch), "seconds": repr(state.seconds)}
    metadata["sha256"] = _digest(tensors, metadata)
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


def read_checkpoint(path: Path) -> tuple[Header, State]:
    """Return the header of the checkpoint in `path`, and its state on the CPU.

    Raises
    ------
    Damaged
        The file cannot be read, or was changed after writing.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error
    if metadata.pop("sha256", "") != _digest(tensors, metadata):
        raise _damaged(path, "its content does not match its digest")
    kept: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("kept/"):
            _, epoch, parameter = name.split("/")
            kept.setdefault(int(epoch), {})[parameter] = value
    seeds = tuple(map(int, metadata["seeds"].split()))
    return Header(metadata["recipe"], seeds, metadata["engine"], metadata["fingerprint"]), State(
        epoch=int(metadata["epoch"]),
        parameters=_below("parameters/", tensors),
        moments=_below("moments/", tensors),
        rows=list(tensors["rows"]) if "rows" in tensors else [],
        kept=kept,
        seconds=float(metadata["seconds"]),
    )


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return the SHA-256 of names, types, shapes and bits of `tensors`, and of `metadata`."""
    total = hashlib.sha256(repr(sorted(metadata.items())).encode())
    for name, value in sorted(tensors.items()):
        total.update(repr((name, value.dtype, tuple(value.shape))).encode())
        total.update(value.numpy().data)
    return total.hexdigest()


def _damaged(path: Path, why: object) -> Damaged:
    return Damaged(f"{path}: not a readable checkpoint ({why}); {REMEDY}")


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _of_seeds(parameters: dict[str, Tensor], places: list[int]) -> dict[str, Tensor]:
    return {name: value[places].contiguous() for name, value in parameters.items()}
