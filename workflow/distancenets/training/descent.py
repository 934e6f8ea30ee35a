"""Gradient descent: a pack from its start, or its checkpoint, to its last epoch."""

import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import torch
from rich.console import Console
from torch import Tensor

from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model
from distancenets.training.batches import Chunk, Network, Score, chunks, differentiate, evaluate
from distancenets.training.checkpoints import State, read_checkpoint, write_checkpoint
from distancenets.training.engines.registry import Choice, choose
from distancenets.training.packs import Pack
from distancenets.training.paths import run_path
from distancenets.training.progress import Display, display
from distancenets.training.provenance import environment
from distancenets.training.runs import of_seed, write_metrics
from distancenets.training.scaling import scaling


class Interrupted(UserError):
    """The run was asked to end; its checkpoint holds what was done."""


class _Asked(Exception):
    """A signal asks the run to end, in the middle of a pass: the state is still that before the epoch."""


def train(pack: Pack, dataset: Dataset, settings: TrainingSettings, device: torch.device, console: Console) -> None:
    """Train `pack` to its last epoch and write the files of its runs.

    Raises
    ------
    UserError
        The loss became non-finite (the metrics so far are kept), or the checkpoint is another configuration's.
    Interrupted
        SIGTERM or SIGINT arrived; the checkpoint was written.
    """
    started = datetime.now(UTC)
    torch.set_num_threads(settings.threads)
    # Denormal numbers cost a product up to eight times its time and carry nothing.
    torch.set_flush_denormal(True)
    engine = choose(settings.engine, device)
    if engine.note:
        console.print(f"{pack.label}: {engine.note}", soft_wrap=True, highlight=False)
    trainer = _Trainer(pack, dataset, settings, device, engine)
    resumed_at = trainer.state.epoch
    # Around the writing, too: a run that is done is written in full, whatever arrives.
    with _asked_by(signal.SIGTERM, signal.SIGINT) as asked:
        with display(pack.label, resumed_at, pack.recipe.experiment.epochs, console) as show:
            trainer.run(show, asked)
        surroundings = {
            "engine": {"name": engine.name} | engine.build,
            "resumed_at": resumed_at,
            "started": started.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
        }
        _write_runs(trainer, environment(device) | surroundings)


class _Split(list[Chunk]):
    """The chunks of a split, handed out until a signal has arrived: an epoch of a wide pack takes many seconds."""

    def __init__(self, chunks: Iterable[Chunk], asked: list[int]) -> None:
        super().__init__(chunks)
        self._asked = asked

    def __iter__(self) -> Iterator[Chunk]:
        for chunk in super().__iter__():
            if self._asked:
                raise _Asked
            yield chunk


class _Trainer:
    def __init__(
        self, pack: Pack, dataset: Dataset, settings: TrainingSettings, device: torch.device, engine: Choice
    ) -> None:
        recipe, experiment = pack.recipe, pack.recipe.experiment
        model = find_model(recipe.architecture, recipe.representation)
        self.pack, self.settings, self.experiment = pack, settings, experiment
        self.network = Network(model, experiment.offset_l2, scaling(experiment.pixels, recipe.dataset))
        state = read_checkpoint(pack.checkpoint, pack.digest, device)
        if state is None:
            start = initialise(model, pack.seeds, experiment.hidden)
            state = State(0, {name: value.to(device) for name, value in start.items()})
        self.state = state

        def split(images: Tensor, labels: Tensor) -> list[Chunk]:
            return chunks(images.to(device), labels.to(device), engine.name, settings.chunk_rows, torch.float32)

        self.train_split = split(dataset.train_images, dataset.train_labels)
        self.test_split = split(dataset.test_images, dataset.test_labels)

    def run(self, show: Display, asked: list[int]) -> None:
        """Go from the state's epoch to the last; `asked` is non-empty once a signal asks the run to end."""
        self.train_split, self.test_split = _Split(self.train_split, asked), _Split(self.test_split, asked)
        begun = last_checkpoint = time.perf_counter()
        seconds_before = self.state.seconds
        while True:
            epoch = self.state.epoch
            last = epoch == self.experiment.epochs
            try:
                score = self._epoch(last)
            except _Asked:
                self._checkpoint()
                raise Interrupted(f"stopped before epoch {epoch}; it goes on from {self.pack.checkpoint}") from None
            show(epoch, score)
            now = time.perf_counter()
            self.state.seconds = seconds_before + now - begun
            if last:
                return
            self.state.epoch += 1
            if now - last_checkpoint >= self.settings.checkpoint_seconds:
                self._checkpoint()
                last_checkpoint = now

    def _checkpoint(self) -> None:
        write_checkpoint(self.pack.checkpoint, self.pack.digest, self.state)

    def _epoch(self, last: bool) -> Score:
        state = self.state
        gradients: dict[str, Tensor] = {}
        if last:
            score = evaluate(self.network, state.parameters, self.train_split)
        else:
            score, gradients = differentiate(self.network, state.parameters, self.train_split)
        self._refuse_divergence(score)
        if self.experiment.is_recorded(state.epoch):
            test = evaluate(self.network, state.parameters, self.test_split)
            epochs = torch.full_like(score.loss, state.epoch)
            state.rows.append(torch.stack([epochs, score.loss, score.accuracy, test.accuracy], dim=-1).cpu())
        # From here on nothing raises `_Asked`: rows, kept weights and the step belong together.
        if state.epoch in self.experiment.kept_epochs:
            state.kept[state.epoch] = {name: value.clone() for name, value in state.parameters.items()}
        for name, gradient in gradients.items():
            state.parameters[name].sub_(gradient, alpha=self.experiment.learning_rate)
        return score

    def _refuse_divergence(self, score: Score) -> None:
        diverged = (~score.loss.isfinite()).nonzero().flatten().tolist()
        if not diverged:
            return
        pack, index = self.pack, diverged[0]
        seed, loss = pack.seeds[index], score.loss[index].item()
        message = f"{pack.label}: the loss of seed {seed} is {loss} at epoch {self.state.epoch}"
        if self.state.rows:
            path = pack.root / "diverged" / run_path(pack.run(seed)) / "metrics.parquet"
            write_metrics(path, pack.recipe.run_digest(seed), torch.stack(self.state.rows)[:, index])
            message += f"; its metrics so far are in {path}"
        raise UserError(message)


def _write_runs(trainer: _Trainer, surroundings: dict[str, object]) -> None:
    pack, state = trainer.pack, trainer.state
    rows = torch.stack(state.rows)
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
    pack.checkpoint.unlink(missing_ok=True)


@contextmanager
def _asked_by(*numbers: signal.Signals) -> Iterator[list[int]]:
    """Yield a list that the number of every such signal is appended to as it arrives."""
    arrived: list[int] = []

    def note(received: int, _: FrameType | None) -> None:
        arrived.append(received)

    previous = {number: signal.signal(number, note) for number in numbers}
    try:
        yield arrived
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
