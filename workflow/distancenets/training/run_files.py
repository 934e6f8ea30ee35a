"""The files of a finished run: writing them, and refusing damaged files and another run's files.

A run is a folder with `metrics.parquet` (a row per recorded epoch), `weights.safetensors` (the parameters at every kept
epoch, named `<epoch>/<parameter>`) and `run.json` (provenance). `run.json` contains the digest of the run's recipe,
the SHA-256 of the other files, and its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from distancenets.errors import Damaged, UserError
from distancenets.files import read_bytes, replacing, replacing_all, sealed_text, sha256
from distancenets.training.paths import REMEDY, RUN_FILES, read_run_document

if TYPE_CHECKING:
    from torch import Tensor

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
        """How the run was made."""
        return self.folder / RUN_FILES[2]

    def write(
        self, digest: str, rows: Tensor, weights: dict[int, dict[str, Tensor]], provenance: dict[str, Any]
    ) -> None:
        """Replace the three files. `rows` is epochs × (epoch, train loss, train accuracy, test accuracy).

        `run.json` is replaced last and lists the digests of the others. So if the writer is killed in between, the run
        is detected as damaged and is trained again from its checkpoint.
        """
        from safetensors.torch import save  # noqa: PLC0415 (torch is slow to import, and tables need none)

        tensors = {f"{epoch}/{name}": value for epoch, kept in weights.items() for name, value in kept.items()}
        with replacing_all(self.metrics, self.weights, self.provenance) as [metrics, weights_file, document]:
            _write_table(metrics, digest, rows)
            weights_file.write_bytes(save(tensors, metadata={"digest": digest}))
            files = {
                name: sha256(path.read_bytes()) for name, path in zip(RUN_FILES, (metrics, weights_file), strict=False)
            }
            text = sealed_text({"digest": digest} | provenance | {"files": files})
            document.write_text(text, encoding="utf-8")

    def finished(self) -> dict[str, Any] | None:
        """Return the provenance if all files of the run exist, else None.

        Raises
        ------
        Damaged
            A file was changed after writing. The message names it.
        """
        if not all(path.exists() for path in (self.metrics, self.weights, self.provenance)):
            return None
        found = self.read_provenance()
        for path in (self.metrics, self.weights):
            self._content(path, found)
        return found

    def read_provenance(self) -> dict[str, Any]:
        """Return the content of `run.json`. `Damaged` names one that was changed."""
        return read_run_document(self.provenance)

    def provenance_of(self, digest: str) -> dict[str, Any]:
        """Return the content of `run.json`. A `UserError` refuses a run with another `digest`."""
        values = self.read_provenance()
        if values["digest"] != digest:
            raise UserError(
                f"{self.provenance}: made with other parameters than this study's "
                f"(digest {values['digest'][:12]}, expected {digest[:12]}); "
                "`snakemake --forcerun train_model` trains the runs that differ"
            )
        return values

    def check(self, digest: str) -> None:
        """Raise a `UserError` that names a file that is missing, damaged or not of this `digest`."""
        for path in (self.metrics, self.weights):
            self._content(path, self.provenance_of(digest))

    def read_metrics(self, digest: str) -> pa.Table:
        """Return the metrics of the run with this `digest`. A `UserError` names a damaged or another run's file."""
        content = self._content(self.metrics, self.provenance_of(digest))
        return pq.read_table(pa.BufferReader(content))

    def read_weights(self, digest: str, epoch: int) -> dict[str, Tensor]:
        """Return the parameters at `epoch` of the run with this `digest`."""
        from safetensors.torch import load  # noqa: PLC0415 (as above)

        prefix = f"{epoch}/"
        kept = load(self._content(self.weights, self.provenance_of(digest)))
        tensors = {name.removeprefix(prefix): value for name, value in kept.items() if name.startswith(prefix)}
        if not tensors:
            raise UserError(f"{self.weights}: contains no weights of epoch {epoch}")
        return tensors

    def _content(self, path: Path, provenance: dict[str, Any]) -> bytes:
        content = read_bytes(path)
        if sha256(content) != provenance["files"][path.name]:
            raise Damaged(f"{path}: damaged, {self.provenance.name} lists another SHA-256; {REMEDY}")
        return content


def write_metrics(path: Path, digest: str, rows: Tensor) -> None:
    """Write metrics as Parquet. `rows` is epochs × (epoch, train loss, train accuracy, test accuracy)."""
    with replacing(path) as temporary:
        _write_table(temporary, digest, rows)


def of_seed(parameters: dict[str, Tensor], index: int) -> dict[str, Tensor]:
    """Return one network's parameters from a pack's."""
    return {name: value[index].contiguous().cpu() for name, value in parameters.items()}


def pack(networks: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the parameters of several networks as a pack's, with a leading seed axis."""
    import torch  # noqa: PLC0415 (as above)

    return {name: torch.stack([network[name] for network in networks]) for name in networks[0]}


def _write_table(path: Path, digest: str, rows: Tensor) -> None:
    epochs, *metrics = rows.T.contiguous().numpy()
    columns = {"epoch": pa.array(epochs.astype("int32"))}
    columns |= {name: pa.array(values) for name, values in zip(METRICS, metrics, strict=True)}
    pq.write_table(pa.table(columns, metadata={"digest": digest}), path)
