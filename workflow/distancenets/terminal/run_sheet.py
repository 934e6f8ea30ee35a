"""One run for a terminal: its protocol, its numbers and its learning curves."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.columns import Columns
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from distancenets.configuration.study import Study
from distancenets.report.runs import FinishedRun
from distancenets.terminal.text_plots import text_plot


def run_sheet(run: FinishedRun) -> Iterator[RenderableType]:
    """Yield the parts of the sheet from top to bottom, without the paths of the files."""
    yield Text(f"{run.model.paper_name}, seed {run.run.seed}: {run.run.experiment}", style="bold")
    yield facts(run)
    yield numbers(run)
    yield curves(run)


def facts(run: FinishedRun) -> Table:
    """Return what determines the run, and the code and device that trained it."""
    experiment, made, model = run.recipe.experiment, run.provenance, run.model
    hidden = model.activation.formula.replace("z", "Wx + b")
    form = f", OffsetL2 as in the {experiment.offset_l2}" if model.head.name == "offset_l2" else ""
    code, engine, device = (made.get(name, {}) for name in ("code", "engine", "device"))
    libraries = ", ".join(f"{name} {version}" for name, version in made.get("libraries", {}).items())
    rows = {
        "model": f"{model.architecture} {model.representation.name}: h = {hidden}, output {model.formula}{form}",
        "protocol": f"{run.recipe.dataset.title}, {experiment.pixels} pixels, {experiment.hidden} hidden nodes, "
        f"{experiment.training_in_words}, {experiment.epochs:,} epochs",
        "trained": f"in {made.get('seconds', 0):,.1f} s, in a pack of {len(made.get('pack', [0]))}, by the engine "
        f"{engine.get('name', 'unknown')}, on {device.get('name', 'an unknown device')}",
        "code": f"{code.get('version', 'unknown')} ({code.get('revision') or 'no revision'}), {libraries}",
        "digest": str(made["digest"])[:12],
        "its bits": bits(run),
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, text in rows.items():
        table.add_row(Text(name, style="dim"), Text(text))
    return table


def bits(run: FinishedRun) -> str:
    """Return the SHA-256 that a repeated run must have, or a note that its bits are not promised."""
    engine = run.provenance.get("engine", {}).get("name", "unknown")
    if engine != "compiled":
        return f"not promised (engine {engine})"
    weights = run.files.weights.name
    return f"{weights} has SHA-256 {run.provenance['files'][weights]}"


def again(run: FinishedRun, study: Study, file: Path) -> str | None:
    """Return the command that trains just this run again, or None if `study`, read from `file`, has no such run."""
    settings = run.recipe.experiment
    experiment = study.experiments.get(run.run.experiment)
    if experiment is None or run.run.seed >= study.seeds:
        return None
    shortened = experiment.shortened(settings.epochs)
    if run.recipe.replaced(experiment=shortened.model_dump()).digest != run.recipe.digest:
        return None
    axes = " ".join(f"--{axis} {value}" for axis, value in run.run._asdict().items()).replace("--seed ", "--seeds ")
    length = "" if settings.epochs == experiment.epochs else f" --epochs {settings.epochs}"
    return f"distancenets train {axes}{length} --study {shlex.quote(str(file))} --device cpu --study-dir again"


def numbers(run: FinishedRun) -> Table:
    """Return loss and accuracies at the start and at the milestones."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("epoch", "train loss, nats", "train accuracy, %", "test accuracy, %"):
        table.add_column(name, justify="right")
    for row in run.milestones.itertuples(index=False):
        table.add_row(
            f"{row.epoch:,}", f"{row.train_loss:.4f}", f"{row.train_accuracy:.2f}", f"{row.test_accuracy:.2f}"
        )
    return table


def curves(run: FinishedRun) -> Columns:
    """Return test accuracy and train loss against epochs, side by side if they fit."""
    epochs = run.metrics["epoch"].tolist()
    loss = run.metrics["train_loss"].tolist()
    logarithmic = min(loss) > 0
    plots = {
        "test accuracy, %": text_plot(epochs, run.metrics["test_accuracy"].tolist()),
        "train loss, nats" + (" (log axis)" if logarithmic else ""): text_plot(epochs, loss, logarithmic),
    }
    return Columns([Text(f"{title:>{12 + len(title)}}\n{plot}\n", no_wrap=True) for title, plot in plots.items()])
