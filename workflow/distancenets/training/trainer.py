"""Gradient descent: a pack from its initial state to its last epoch."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType

import torch
from rich.console import Console

from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.models.registry import find_model
from distancenets.training.batches import Network, Score
from distancenets.training.checkpoints import State, write_checkpoint
from distancenets.training.divergence import Watch
from distancenets.training.engines.registry import EngineSelection, select_engine
from distancenets.training.engines.steps import make_steps
from distancenets.training.initial_state import beginning, header
from distancenets.training.paths import run_path
from distancenets.training.pixel_scaling import scaling
from distancenets.training.progress import Display, display
from distancenets.training.provenance import environment
from distancenets.training.run_files import of_seed, write_metrics
from distancenets.training.seed_packs import Pack
from distancenets.training.steps import TorchSteps

# On a GPU, seconds between two looks at the metrics: each look waits until all queued work is done.
LOOK_SECONDS = 1.0


class Interrupted(UserError):
    """A signal ended the run. Its checkpoint contains the state so far."""


class _Asked(Exception):
    """A signal asks the run to end in the middle of a pass. The state is unchanged since before the epoch."""


def train(
    pack: Pack,
    dataset: Dataset,
    settings: TrainingSettings,
    device: torch.device,
    console: Console,
    overwrite: bool = False,
) -> None:
    """Train `pack` to its last epoch and write the files of its runs.

    Raises
    ------
    UserError
        The loss became non-finite (the metrics so far are kept). Or a checkpoint is damaged, of another configuration
        or made by other code, and `overwrite` is off.
    Interrupted
        SIGTERM or SIGINT arrived. The checkpoint was written.
    """
    started = datetime.now(UTC)
    torch.set_num_threads(settings.threads)
    # For PyTorch: denormal numbers make a product up to eight times slower and carry no information.
    torch.set_flush_denormal(True)
    # cuBLAS reads this when it starts. With a workspace of its own, a product has the same bits each time.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

    def tell(line: str) -> None:
        console.print(f"{pack.label}: {line}", soft_wrap=True, highlight=False, markup=False)

    model = find_model(pack.recipe.architecture, pack.recipe.representation)
    engine = select_engine(settings.engine, model, device, pack.recipe.experiment.batch_size != "full")
    if engine.note:
        tell(engine.note)
    state = beginning(pack, engine.name, device, overwrite, tell)
    trainer = _Trainer(pack, dataset, settings, device, engine, state)
    if isinstance(trainer.steps, TorchSteps) and device.type == "cuda":
        trainer.steps.accelerate(device, tell)
    resumed_at = trainer.state.epoch
    # This includes the writing, so that a finished run is written in full, whatever signal arrives.
    with _noted(trainer.asked, signal.SIGTERM, signal.SIGINT):
        with display(pack.label, resumed_at, pack.recipe.experiment.epochs, console) as show:
            trainer.run(show)
        surroundings = {
            "engine": {"name": engine.name} | engine.build,
            "resumed_at": resumed_at,
            "started": started.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
        }
        made = environment(device)
        made["code"]["fingerprint"] = trainer.fingerprint
        _write_runs(trainer, made | surroundings)


class _Trainer:
    def __init__(
        self,
        pack: Pack,
        dataset: Dataset,
        settings: TrainingSettings,
        device: torch.device,
        engine: EngineSelection,
        state: State,
    ) -> None:
        self.pack, self.settings, self.experiment = pack, settings, pack.recipe.experiment
        self.state, self._header = state, header(pack, engine.name)
        self.fingerprint = self._header.fingerprint
        # The signals that ask the run to end.
        self.asked: list[int] = []
        recipe, experiment = pack.recipe, self.experiment
        model = find_model(recipe.architecture, recipe.representation)
        network = Network(model, experiment.offset_l2, scaling(experiment.pixels, recipe.dataset))
        start = state, pack.seeds, dataset, experiment
        self.steps = make_steps(engine.name, network, *start, device, settings, self._check_stop)
        self._watch = Watch(len(pack.seeds), device)
        self._look_seconds = 0.0 if device.type == "cpu" else LOOK_SECONDS

    def _check_stop(self) -> None:
        if self.asked:
            raise _Asked

    def run(self, show: Display) -> None:
        """Train from the state's epoch to the last, or until a signal asks the run to end.

        Metrics stay on the device between two looks, so that a GPU does not wait. Looks happen at the end, before a
        checkpoint and every `LOOK_SECONDS`. On the CPU they happen every epoch.
        """
        begun = last_checkpoint = last_look = time.perf_counter()
        seconds_before = self.state.seconds
        while True:
            epoch = self.state.epoch
            last = epoch == self.experiment.epochs
            try:
                score = self._epoch(last)
            except _Asked:
                self._checkpoint()
                raise Interrupted(f"stopped before epoch {epoch}; rerun to go on from {self.pack.checkpoint}") from None
            now = time.perf_counter()
            if last or now - last_look >= self._look_seconds:
                self._refuse_divergence()
                show(epoch, score)
                now = last_look = time.perf_counter()
            self.state.seconds = seconds_before + now - begun
            if last:
                return
            self.state.epoch += 1
            if now - last_checkpoint >= self.settings.checkpoint_seconds:
                self._checkpoint()
                last_checkpoint = now

    def _checkpoint(self) -> None:
        self._refuse_divergence()
        state = replace(self.state, parameters=self.steps.parameters(), moments=self.steps.moments())
        write_checkpoint(self.pack.checkpoint, self._header, state)

    def _epoch(self, last: bool) -> Score:
        state, epoch = self.state, self.state.epoch
        self._check_stop()
        # Copy before the step changes the parameters: a row and its kept weights belong to one epoch.
        weights = self.steps.parameters() if epoch in self.experiment.kept_epochs else None
        test = self.steps.evaluate_test().accuracy.clone() if self.experiment.is_recorded(epoch) else None
        score = self.steps.evaluate_train() if last else self.steps.step(epoch)
        # From here on nothing raises `_Asked`: rows, kept weights and the step belong together.
        self._watch.note(epoch, score.loss)
        if weights is not None:
            state.kept[epoch] = weights
        if test is not None:
            epochs = torch.full_like(score.loss, epoch)
            state.rows.append(torch.stack([epochs, score.loss, score.accuracy, test], dim=-1))
        return score

    def _refuse_divergence(self) -> None:
        diverged = self._watch.diverged()
        if diverged is None:
            return
        pack, seed = self.pack, self.pack.seeds[diverged.place]
        message = f"{pack.label}: the loss of seed {seed} is {diverged.loss} at epoch {diverged.epoch}"
        rows = torch.stack(self.state.rows)[:, diverged.place].cpu()
        rows = rows[rows[:, 0] < diverged.epoch]
        if len(rows):
            path = pack.root / "diverged" / run_path(pack.run(seed)) / "metrics.parquet"
            write_metrics(path, pack.recipe.run_digest(seed), rows)
            message += f"; its metrics so far are in {path}"
        raise UserError(message)


def _write_runs(trainer: _Trainer, surroundings: dict[str, object]) -> None:
    pack, state = trainer.pack, trainer.state
    rows = torch.stack(state.rows).cpu()
    for index, seed in enumerate(pack.seeds):
        weights = {epoch: of_seed(kept, index) for epoch, kept in sorted(state.kept.items())}
        provenance = {
            "run": pack.run(seed)._asdict(),
            "recipe": pack.recipe.model_dump(mode="json"),
            "training": trainer.settings.model_dump(mode="json"),
            "pack": list(pack.seeds),
            "seconds": round(state.seconds, 3),
        }
        pack.folder(seed).write(pack.recipe.run_digest(seed), rows[:, index], weights, provenance | surroundings)


@contextmanager
def _noted(arrived: list[int], *numbers: signal.Signals) -> Iterator[None]:
    """Append the number of every such signal to `arrived`, instead of its usual effect."""

    def note(received: int, _: FrameType | None) -> None:
        arrived.append(received)

    previous = {number: signal.signal(number, note) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
