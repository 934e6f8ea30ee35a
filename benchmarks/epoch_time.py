"""Time of a model-epoch, by the usual way and by the engines in alternation.

    python benchmarks/epoch_time.py --quick --json FILE    all 16 models, packs of 1, one thread; within 3 minutes
    python benchmarks/epoch_time.py --json FILE            the full table: dense, packs of 1, 5 and 20, all cores
    python benchmarks/epoch_time.py --quick --batch-size 128 --json FILE    Adam on shuffled batches, by both ways

A model-epoch is one full-batch step of one model, or with --batch-size a pass over all batches, with train loss and
accuracy and an evaluation of the test set; in both, every epoch, unless --test-every leaves the engines fewer. Over
batches the usual way sums up train loss and accuracy on its way, and the engines evaluate the training images after the
pass. What that takes is measured too, and left out of `ratio_of_passes`.
Yardstick and engines take turns (A B A B …), and a ratio is that of two neighbours in time; the row gives its median,
lowest and highest. With one thread the clock is the process's CPU time, which other jobs on the machine disturb least;
with several threads or on a GPU it is the wall.
"""

import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from baseline import Images, ShuffledBatches, Yardstick, network
from laboratory import PAPER, SETTINGS, arguments, machine, milliseconds, mnist, named, pack, write
from torch import Tensor

from distancenets.configuration.experiment import Experiment
from distancenets.configuration.optimisers import Adam
from distancenets.datasets.store import Dataset
from distancenets.models.registry import Model, models
from distancenets.training.engines.registry import select_engine
from distancenets.training.fingerprint import ENGINES

USUAL = Experiment(pixels="standardised", optimiser=Adam(learning_rate=0.001), batch_size=128, epochs=1)
QUICK_SECONDS = 140
FULL_SECONDS = 3600
# Of a row, however long they take: a median of fewer says little.
LEAST_PAIRS = 3


@dataclass(frozen=True)
class Setting:
    """What a row of the table is measured with."""

    engine: str
    pack: int
    threads: int


@dataclass
class Measurement:
    """Milliseconds a model-epoch, the yardstick's and the engine's of each pair."""

    model: Model
    setting: Setting
    yardstick: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    evaluation: list[float] = field(default_factory=list)


class Work(NamedTuple):
    """What an engine is timed by: epochs of a pack, and one evaluation of its training images."""

    epochs: Callable[[], object]
    evaluation: Callable[[], object]


class Laboratory:
    """Both ways to train, on one device and from the same data."""

    def __init__(self, device: torch.device, data: Dataset, test_every: int = 1, batch_size: int | None = None) -> None:
        self.device, self.test_every, self._data = device, test_every, data
        self._experiment = USUAL.replaced(batch_size=batch_size) if batch_size else PAPER
        self.batches = batch_size is not None
        self._train = self._images(data.train_images, data.train_labels)
        self._test = self._images(data.test_images, data.test_labels)

    def usual(self, model: Model) -> Callable[[], object]:
        """Return what makes an epoch of `model` the usual way."""
        net = network(model.architecture, model.representation.name).to(self.device)
        if self._experiment.batch_size == "full":
            return Yardstick(net, self._train, self._test).epoch
        return ShuffledBatches(net, self._train, self._test, self._experiment.batch_size).epoch

    def packed(self, model: Model, setting: Setting) -> Work:
        """Return the work of a pack of `model`: `test_every` epochs, the last with the test set."""
        data, size, experiment = self._data, setting.pack, self._experiment
        steps = pack(model, setting.engine, data, self.device, size, threads=setting.threads, experiment=experiment)

        def epochs() -> None:
            for _ in range(self.test_every):
                steps.step(0)
            steps.evaluate_test().accuracy.cpu()

        return Work(epochs, steps.evaluate_train)

    def clock(self, work: Callable[[], object], threads: int) -> float:
        """Return the milliseconds that `work` takes with `threads`."""
        torch.set_num_threads(threads)
        return milliseconds(work, self.device, threads)

    def sgemm_peak(self) -> float:
        """Return the best rate of a large float32 matrix product on one thread, in GFLOP/s."""
        size = 8192 if self.device.type == "cuda" else 1536
        left, right = (torch.rand(size, size, device=self.device) for _ in range(2))
        return max(2e-6 * size**3 / self.clock(lambda: left @ right, 1) for _ in range(8))

    def _images(self, images: Tensor, labels: Tensor) -> Images:
        pixels = images.to(self.device).float()
        if self._experiment.pixels == "standardised":
            pixels = (pixels / 255 - SETTINGS.pixel_mean) / SETTINGS.pixel_sd
        return Images(pixels, labels.to(self.device).long())


def measure(laboratory: Laboratory, model: Model, settings: list[Setting], seconds: float) -> list[Measurement]:
    """Return the pairs of `model` measured in `seconds`, three at least: yardstick and engines in turn."""
    begun = time.monotonic()
    row = [Measurement(model, setting) for setting in settings]
    usual = laboratory.usual(model)
    fast = [laboratory.packed(model, setting) for setting in settings]
    # Memory and caches: what comes first is slower.
    usual()
    for work in fast:
        work.epochs()
    longest = 0.0
    while len(row[0].engine) < LEAST_PAIRS or time.monotonic() - begun + longest < seconds:
        started = time.monotonic()
        for threads in sorted({setting.threads for setting in settings}):
            yardstick = laboratory.clock(usual, threads)
            for cell, work in zip(row, fast, strict=True):
                if cell.setting.threads == threads:
                    cell.yardstick.append(yardstick)
                    epochs = cell.setting.pack * laboratory.test_every
                    cell.engine.append(laboratory.clock(work.epochs, threads) / epochs)
                    if laboratory.batches:
                        time_of_evaluation = laboratory.clock(work.evaluation, threads)
                        cell.evaluation.append(time_of_evaluation / cell.setting.pack)
        longest = max(longest, time.monotonic() - started)
    return row


def row_of(measurement: Measurement, device: torch.device) -> dict[str, Any]:
    """Return a row of the table; ratios are the yardstick's time over the engine's, pair by pair."""
    setting = measurement.setting
    ratios = [usual / fast for usual, fast in zip(measurement.yardstick, measurement.engine, strict=True)]
    row = {
        "model": measurement.model.paper_name,
        "engine": setting.engine,
        "pack": setting.pack,
        "device": device.type,
        "threads": setting.threads,
        "clock": "cpu" if setting.threads == 1 and device.type == "cpu" else "wall",
        "ms_per_model_epoch": round(statistics.median(measurement.engine), 3),
        "yardstick_ms": round(statistics.median(measurement.yardstick), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_lowest": round(min(ratios), 3),
        "ratio_highest": round(max(ratios), 3),
        "pairs": len(ratios),
    }
    if measurement.evaluation:
        epochs = zip(measurement.yardstick, measurement.engine, measurement.evaluation, strict=True)
        passes = [usual / (fast - evaluation) for usual, fast, evaluation in epochs]
        row["train_evaluation_ms"] = round(statistics.median(measurement.evaluation), 3)
        row["ratio_of_passes"] = round(statistics.median(passes), 3)
    return row


def printed(row: dict[str, Any]) -> str:
    """Return a row for people."""
    return (
        f"{row['model']:16}{row['engine']:9}{row['pack']:4}{row['threads']:8}{row['ms_per_model_epoch']:9.2f}"
        f"{row['yardstick_ms']:10.1f}{row['ratio']:7.2f}  {row['ratio_lowest']:.2f}–{row['ratio_highest']:.2f}"
        f" ({row['pairs']})"
    )


def main() -> None:
    """Measure, print the table and write it."""
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_true", help="packs of 1 and one thread, within 3 minutes")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, help="in place of the fastest and (full table) dense")
    parser.add_argument("--packs", nargs="+", type=int, default=[1, 5, 20], help="of the full table")
    parser.add_argument(
        "--test-every", type=int, default=1, help="epochs of an engine to one evaluation of the test set"
    )
    parser.add_argument("--batch-size", type=int, help="images of a step of Adam; without it, full-batch steps")
    parser.add_argument("--seconds", type=float, help="of measuring; more give more pairs")
    options = parser.parse_args()

    begun = time.monotonic()
    cores = torch.get_num_threads()
    torch.set_flush_denormal(True)
    device = torch.device(options.device)
    if device.type == "cuda":
        # One process compiles for many models here; a study has a process a model.
        torch._dynamo.config.recompile_limit = 1000
    fastest = select_engine("auto", models()[0], device)
    engines = options.engines or list(dict.fromkeys([fastest.name] if options.quick else [fastest.name, "dense"]))
    # On a GPU the CPU's threads only hand over work.
    counts = sorted({1, cores}) if device.type == "cpu" and not options.quick else [1]
    packs = [1] if options.quick else options.packs
    settings = [Setting(engine, size, threads) for engine in engines for size in packs for threads in counts]
    torch.manual_seed(0)
    laboratory = Laboratory(device, mnist(options.data), options.test_every, options.batch_size)
    peak = laboratory.sgemm_peak()
    seconds = options.seconds or (QUICK_SECONDS if options.quick else FULL_SECONDS)
    print("model           engine  pack threads       ms  usual ms  ratio  lowest–highest (pairs)")
    rows: list[dict[str, Any]] = []
    chosen = named(options.models)
    for done, model in enumerate(chosen):
        share = (seconds - (time.monotonic() - begun)) / (len(chosen) - done)
        some = [row_of(row, device) for row in measure(laboratory, model, settings, share)]
        print(*map(printed, some), sep="\n", flush=True)
        rows += some
    description = machine(device) | {
        "threads": cores,
        "build": fastest.build,
        "sgemm_gflops_one_thread": round(peak, 1),
        "test_every": options.test_every,
        "batch_size": options.batch_size or "full",
        "peak_gpu_memory_mib": torch.cuda.max_memory_allocated() // 2**20 if device.type == "cuda" else None,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "system": f"{platform.system()} {platform.machine()}",
        "seconds": round(time.monotonic() - begun),
    }
    write(options.json, {"machine": description, "rows": rows})
    if options.json:
        print(f"wrote {options.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
