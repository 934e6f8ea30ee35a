"""The files of a finished run: where they lie, how they are written, and how another's are refused.

A run is a folder with `metrics.parquet` (a row a recorded epoch), `weights.safetensors` (the parameters at every kept
epoch, named `<epoch>/<parameter>`) and `run.json` (provenance). Each carries the digest of the run's recipe.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from distancenets.errors import UserError
from distancenets.files import read_text, replacing, write_text
from distancenets.training.paths import RUN_FILES

METRICS = ("train_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True)
class RunFolder:
    """The three files of one run."""

    folder: Path

    @property
    def metrics(self) -> Path:
        """Metrics at the recorded epochs."""
        return self.folder / RUN_FILES[0]

    @property
    def weights(self) -> Path:
        """Weights at the kept epochs."""
        return self.folder / RUN_FILES[1]

    @property
    def provenance(self) -> Path:
        """How the run came to be."""
        return self.folder / RUN_FILES[2]

    def write(
        self, digest: str, rows: Tensor, weights: dict[int, dict[str, Tensor]], provenance: dict[str, Any]
    ) -> None:
        """Write the three files; `rows` is epochs × (epoch, train loss, train accuracy, test accuracy)."""
        write_metrics(self.metrics, digest, rows)
        tensors = {f"{epoch}/{name}": value for epoch, kept in weights.items() for name, value in kept.items()}
        with replacing(self.weights) as path:
            path.write_bytes(save(tensors, metadata={"digest": digest}))
        write_text(self.provenance, json.dumps({"digest": digest} | provenance, indent=2, ensure_ascii=False) + "\n")

    def finished(self) -> dict[str, Any] | None:
        """Return the provenance where all three files are there, else None."""
        if not (self.metrics.exists() and self.weights.exists() and self.provenance.exists()):
            return None
        return self.read_provenance()

    def read_provenance(self) -> dict[str, Any]:
        """Return what `run.json` holds."""
        try:
            values = json.loads(read_text(self.provenance))
            return dict(values) if isinstance(values["digest"], str) else {}
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.provenance}: not the provenance of a run ({error})") from error

    def check(self, digest: str) -> None:
        """Refuse a run that is not there in full, or of which a file is not the one with this `digest`, by name."""
        found = self.read_provenance().get("digest", "")
        _refuse_another(self.provenance, found, digest)
        self.read_metrics(digest)
        self._open_weights(digest)

    def read_metrics(self, digest: str) -> pyarrow.Table:
        """Return the metrics of the run with this `digest`; those of another are refused by name."""
        try:
            table = pyarrow.parquet.read_table(self.metrics, partitioning=None)
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise UserError(f"{self.metrics}: cannot be read: {str(error).splitlines()[0]}") from error
        found = (table.schema.metadata or {}).get(b"digest", b"").decode()
        _refuse_another(self.metrics, found, digest)
        return table

    def read_weights(self, digest: str, epoch: int) -> dict[str, Tensor]:
        """Return the parameters at `epoch` of the run with this `digest`."""
        with self._open_weights(digest) as file:
            prefix = f"{epoch}/"
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (it is no dict)
            tensors = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
        if not tensors:
            raise UserError(f"{self.weights}: holds no weights of epoch {epoch}")
        return tensors

    def _open_weights(self, digest: str) -> Any:
        try:
            file: Any = safe_open(self.weights, framework="pt")
        except (OSError, SafetensorError) as error:
            raise UserError(f"{self.weights}: cannot be read: {error}") from error
        _refuse_another(self.weights, (file.metadata() or {}).get("digest", ""), digest)
        return file


def write_metrics(path: Path, digest: str, rows: Tensor) -> None:
    """Write metrics as Parquet; `rows` is epochs × (epoch, train loss, train accuracy, test accuracy)."""
    epochs, *metrics = rows.T.contiguous().numpy()
    columns = {"epoch": pyarrow.array(epochs.astype("int32"))}
    columns |= {name: pyarrow.array(values) for name, values in zip(METRICS, metrics, strict=True)}
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(pyarrow.table(columns, metadata={"digest": digest}), temporary)


def of_seed(parameters: dict[str, Tensor], index: int) -> dict[str, Tensor]:
    """Return one network's parameters from a pack's."""
    return {name: value[index].contiguous().cpu() for name, value in parameters.items()}


def pack(networks: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the parameters of several networks as a pack's, with a leading seed axis."""
    return {name: torch.stack([network[name] for network in networks]) for name in networks[0]}


def _refuse_another(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise UserError(
            f"{path}: made with other parameters than this study's "
            f"(digest {found[:12] or 'missing'}, expected {expected[:12]})"
        )
