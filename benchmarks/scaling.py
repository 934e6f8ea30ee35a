"""How the cost of a model-epoch grows with seeds, hidden nodes, training images and epochs, and memory with epochs.

    python benchmarks/scaling.py --json FILE --figure STEM

One network (ReLU by default) is trained by the fastest engine of the device. Each size is timed several times and its
median kept; on a CPU the clock is the process's CPU time. The figure goes to STEM.png and STEM.svg, a panel per size.
"""

import resource
import statistics
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from laboratory import arguments, machine, milliseconds, mnist, named, one_thread, pack, write

from distancenets.models.registry import Model
from distancenets.training.engines.registry import select_engine
from distancenets.training.steps import Steps

BASE = {"seeds": 1, "hidden": 128, "images": 10000}
QUICK_BASE = BASE | {"images": 1000}
SIZES = {
    "seeds": (1, 2, 5, 10, 20),
    "hidden": (64, 128, 256, 512, 1024, 2048, 4096),
    "images": (1000, 3000, 10000, 30000, 60000),
}
LABELS = {"seeds": "seeds in a pack", "hidden": "hidden nodes", "images": "training images"}


@dataclass
class Point:
    """One size, and the milliseconds that an epoch of the whole pack took each time."""

    axis: str
    seeds: int
    hidden: int
    images: int
    epoch: list[float] = field(default_factory=list, init=False)

    @property
    def row(self) -> dict[str, Any]:
        """The point as the file holds it."""
        size = {"axis": self.axis, "seeds": self.seeds, "hidden": self.hidden, "images": self.images}
        median = statistics.median(self.epoch) / self.seeds
        low, high = min(self.epoch) / self.seeds, max(self.epoch) / self.seeds
        times = {"ms_per_model_epoch": median, "lowest": low, "highest": high}
        return size | {name: round(value, 3) for name, value in times.items()} | {"times": len(self.epoch)}


def steps_of(point: Point, model: Model, engine: str, device: torch.device, folder: Path) -> Steps:
    """Return a pack of the size of `point`, ready to train."""
    return pack(model, engine, mnist(folder, point.images), device, point.seeds, point.hidden)


def peak_memory(device: torch.device) -> float:
    """Return the most memory that was held so far, in MiB: the GPU's, or this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def over_epochs(steps: Steps, epochs: int, device: torch.device) -> list[dict[str, float]]:
    """Return milliseconds an epoch and peak memory over ten stretches of one long training."""
    stretch = max(1, epochs // 10)

    def descend() -> None:
        for _ in range(stretch):
            steps.step(0)

    rows = []
    for done in range(stretch, epochs + 1, stretch):
        taken = milliseconds(descend, device) / stretch
        rows.append({"epoch": done, "ms": round(taken, 3), "peak_memory_mib": round(peak_memory(device), 1)})
    return rows


def draw(rows: list[dict[str, Any]], epochs: list[dict[str, float]], title: str, stem: Path) -> None:
    """Draw cost against each size with the line of constant cost a unit, and memory against epochs."""
    # A machine with a GPU may have neither matplotlib nor a use for it.
    from matplotlib import pyplot as plt  # noqa: PLC0415

    from distancenets.figures.style import PALETTE, use_style  # noqa: PLC0415

    use_style()
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
    for panel, (axis, label) in zip(axes, LABELS.items(), strict=False):
        mine = [row for row in rows if row["axis"] == axis]
        sizes = [row[axis] for row in mine]
        # Of the whole pack: linear in each size is a straight line of slope one.
        costs = [row["ms_per_model_epoch"] * row["seeds"] for row in mine]
        last = costs[-1] / sizes[-1]
        panel.plot(sizes, [last * size for size in sizes], "--", color="0.6", label="proportional")
        panel.plot(sizes, costs, "o-", color=PALETTE[0], label="measured")
        panel.set(xscale="log", yscale="log", xlabel=label, ylabel="ms an epoch of the pack")
        shown = sizes[::2] if len(sizes) > 5 else sizes
        panel.set_xticks(shown, [f"{size:,}" for size in shown], minor=False)
        panel.minorticks_off()
        panel.legend(frameon=False)
    panel = axes[-1]
    done = [row["epoch"] for row in epochs]
    panel.plot(done, [row["peak_memory_mib"] for row in epochs], "o-", color=PALETTE[0])
    panel.set(xlabel="epochs done", ylim=(0, 1.25 * max(row["peak_memory_mib"] for row in epochs)))
    panel.set_ylabel("peak memory, MiB (circles)", color=PALETTE[0])
    twin = panel.twinx()
    twin.plot(done, [row["ms"] for row in epochs], "s--", color=PALETTE[1])
    twin.set(ylim=(0, 2 * max(row["ms"] for row in epochs)))
    twin.grid(False)
    twin.set_ylabel("ms an epoch (squares)", color=PALETTE[1])
    figure.suptitle(title, fontsize="medium")
    for ending in ("png", "svg"):
        figure.savefig(stem.with_suffix(f".{ending}"), dpi=120)


def main() -> None:
    """Measure, write the rows and draw them."""
    parser = arguments(__doc__, ["ReLU"])
    parser.add_argument("--times", type=int, default=3, help="that each size is timed")
    parser.add_argument("--epochs", type=int, default=200, help="of the long training")
    parser.add_argument("--quick", action="store_true", help="three small sizes each")
    parser.add_argument("--figure", type=Path, help="the figure's path without its ending")
    options = parser.parse_args()
    one_thread()
    device = torch.device(options.device)
    model = named(options.models)[0]
    engine = select_engine("auto", model, device)
    base, sizes = (QUICK_BASE, {axis: some[:3] for axis, some in SIZES.items()}) if options.quick else (BASE, SIZES)
    points = [Point(axis, **(base | {axis: size})) for axis, some in sizes.items() for size in some]
    # Long before short, so that the peak of the process's memory is not that of a larger size.
    steps = steps_of(Point("epochs", **base), model, engine.name, device, options.data)
    steps.step(0)
    epochs = over_epochs(steps, options.epochs, device)
    for point in points:
        steps = steps_of(point, model, engine.name, device, options.data)
        steps.step(0)
        point.epoch += [milliseconds(partial(steps.step, 0), device) for _ in range(options.times)]
    rows = [point.row for point in points]
    description = machine(device) | {"engine": engine.name, "build": engine.build}
    write(options.json, {"machine": description, "model": model.paper_name, "rows": rows, "epochs": epochs})
    if options.figure:
        title = f"{model.paper_name}, engine {engine.name}, one thread, {description['device']['name']}"
        draw(rows, epochs, title, options.figure)


if __name__ == "__main__":
    main()
