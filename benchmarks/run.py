"""Time of a model-epoch, by the usual way and by the engines in alternation.

    python benchmarks/run.py --quick --json FILE     all 16 models, packs of 1, one thread; within 3 minutes
    python benchmarks/run.py --json FILE             the full table: every engine, packs of 1, 5 and 20, all cores too

A model-epoch is one full-batch step of one model with train loss and accuracy and an evaluation of the test set; in
both, every epoch, unless --test-every leaves the engines fewer. Yardstick and engines take turns (A B A B …), and a
ratio is that of two neighbours in time; the row gives its median, lowest and highest. With one thread the clock is the
process's CPU time, which other jobs on the machine disturb least; with several threads or on a GPU it is the wall.
"""

import argparse
import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from yardstick import Images, Yardstick, network

from distancenets.configuration.datasets import dataset
from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset, read
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Chunk, Network, chunks
from distancenets.training.engines.registry import choose
from distancenets.training.memory import rows_in_flight
from distancenets.training.provenance import environment
from distancenets.training.scaling import scaling
from distancenets.training.steps import Steps

REPOSITORY = Path(__file__).parent.parent
QUICK_SECONDS = 140
FULL_SECONDS = 3600
LEARNING_RATE = 0.001
HIDDEN = 128
# Nanoseconds to milliseconds.
MILLION = 1e6


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


class Laboratory:
    """Both ways to train, on one device and the data that they share."""

    def __init__(self, device: torch.device, data: Dataset, test_every: int = 1) -> None:
        self.device = device
        self.test_every = test_every
        self._settings = dataset("mnist", REPOSITORY / "config" / "datasets.yaml")
        self._data = data
        self._train = self._images(data.train_images, data.train_labels)
        self._test = self._images(data.test_images, data.test_labels)
        self._splits: dict[tuple[str, int], tuple[list[Chunk], list[Chunk]]] = {}
        self.preparation: dict[str, float] = {}

    def usual(self, model: Model) -> Callable[[], object]:
        """Return what makes an epoch of `model` the usual way."""
        return Yardstick(
            network(model.architecture, model.representation.name).to(self.device), self._train, self._test
        ).epoch

    def packed(self, model: Model, engine: str, pack: int) -> Callable[[], object]:
        """Return what makes `test_every` epochs of `pack` networks of `model`, the last with the test set."""
        train, test = self._split(engine, pack)
        start = initialise(model, range(pack), HIDDEN)
        parameters = {name: value.to(self.device) for name, value in start.items()}
        network = Network(model, "code", scaling("raw", self._settings))
        steps = Steps(network, parameters, train, test, LEARNING_RATE)
        if self.device.type == "cuda":
            steps.accelerate(self.device, print)

        def epochs() -> None:
            for _ in range(self.test_every):
                steps.descend()
            steps.test().accuracy.cpu()

        return epochs

    def clock(self, work: Callable[[], object], threads: int) -> float:
        """Return the milliseconds that `work` takes with `threads`."""
        torch.set_num_threads(threads)
        alone = threads == 1 and self.device.type == "cpu"
        now = time.process_time_ns if alone else time.perf_counter_ns
        self._wait()
        begun = now()
        work()
        self._wait()
        return (now() - begun) / MILLION

    def sgemm_peak(self, threads: int) -> float:
        """Return the best rate of a large float32 matrix product, in GFLOP/s."""
        size = 8192 if self.device.type == "cuda" else 1536
        left, right = (torch.rand(size, size, device=self.device) for _ in range(2))
        return max(2 * size**3 / MILLION / self.clock(lambda: left @ right, threads) for _ in range(8))

    def _images(self, images: Tensor, labels: Tensor) -> Images:
        return Images(images.to(self.device).float(), labels.to(self.device).long())

    def _split(self, engine: str, pack: int) -> tuple[list[Chunk], list[Chunk]]:
        rows, data = rows_in_flight(TrainingSettings(), self.device, engine, pack * HIDDEN), self._data
        if (engine, rows) not in self._splits:
            pairs = [(data.train_images, data.train_labels), (data.test_images, data.test_labels)]
            begun = time.perf_counter()
            train, test = (
                chunks(images.to(self.device), labels.to(self.device), engine, rows, torch.float32)
                for images, labels in pairs
            )
            self.preparation[engine] = round(time.perf_counter() - begun, 2)
            self._splits[engine, rows] = train, test
        return self._splits[engine, rows]

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def measure(laboratory: Laboratory, chosen: list[Model], settings: list[Setting], seconds: float) -> list[Measurement]:
    """Return the pairs measured in `seconds`: round by round, all models in turn, yardstick and engines in turn."""
    begun = time.monotonic()
    tables = [[Measurement(model, setting) for setting in settings] for model in chosen]
    usual = [laboratory.usual(model) for model in chosen]
    fast = [[laboratory.packed(model, setting.engine, setting.pack) for setting in settings] for model in chosen]
    # Memory and caches: what comes first is slower.
    for work in (usual[0], *fast[0], *fast[-1]):
        work()
    longest = 0.0
    while longest == 0 or time.monotonic() - begun + longest < seconds:
        started = time.monotonic()
        for model, row in enumerate(tables):
            for threads in sorted({setting.threads for setting in settings}):
                yardstick = laboratory.clock(usual[model], threads)
                for column, cell in enumerate(row):
                    if cell.setting.threads == threads:
                        cell.yardstick.append(yardstick)
                        epochs = cell.setting.pack * laboratory.test_every
                        cell.engine.append(laboratory.clock(fast[model][column], threads) / epochs)
        longest = max(longest, time.monotonic() - started)
    return [cell for row in tables for cell in row]


def row_of(measurement: Measurement, device: torch.device) -> dict[str, Any]:
    """Return a row of the table; ratios are the yardstick's time over the engine's, pair by pair."""
    setting = measurement.setting
    ratios = [usual / fast for usual, fast in zip(measurement.yardstick, measurement.engine, strict=True)]
    return {
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


def wanted(quick: bool, engines: list[str], packs: list[int], counts: list[int]) -> list[Setting]:
    """Return what is measured: quick, one pack of one on one thread for each engine."""
    if quick:
        return [Setting(engine, 1, 1) for engine in engines]
    return [Setting(engine, pack, threads) for engine in engines for pack in packs for threads in counts]


def printed(rows: list[dict[str, Any]]) -> str:
    """Return the rows for people."""
    names = f"{'model':16}{'engine':8}{'pack':>5}{'threads':>8}{'ms':>9}{'usual ms':>10}{'ratio':>7}"
    lines = [
        f"{row['model']:16}{row['engine']:8}{row['pack']:5}{row['threads']:8}{row['ms_per_model_epoch']:9.2f}"
        f"{row['yardstick_ms']:10.1f}{row['ratio']:7.2f}  {row['ratio_lowest']:.2f}–{row['ratio_highest']:.2f}"
        f" ({row['pairs']})"
        for row in rows
    ]
    return "\n".join([f"{names}  lowest–highest (pairs)", *lines])


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="packs of 1 and one thread, within 3 minutes")
    parser.add_argument("--json", type=Path, help="where the rows go")
    parser.add_argument("--engines", nargs="+", help="in place of the fastest one, boxed and (full table) dense")
    names = [model.paper_name for model in models()]
    parser.add_argument("--models", nargs="+", default=names, choices=names, metavar="MODEL", help="in place of all 16")
    parser.add_argument("--packs", nargs="+", type=int, default=[1, 5, 20], help="of the full table")
    parser.add_argument(
        "--test-every", type=int, default=1, help="epochs of an engine to one evaluation of the test set"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, help="of measuring; more give more pairs")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    options = parser.parse_args()

    begun = time.monotonic()
    cores = torch.get_num_threads()
    torch.set_flush_denormal(True)
    device = torch.device(options.device)
    if device.type == "cuda":
        # One process compiles for many models here; a study has a process a model.
        torch._dynamo.config.recompile_limit = 1000
    data = read(options.data, dataset("mnist", REPOSITORY / "config" / "datasets.yaml"))
    fastest = choose("auto", device)
    engines = options.engines or [*dict.fromkeys([fastest.name, "boxed"]), *([] if options.quick else ["dense"])]
    torch.manual_seed(0)
    laboratory = Laboratory(device, data, options.test_every)
    peak = laboratory.sgemm_peak(1)
    seconds = options.seconds or (QUICK_SECONDS if options.quick else FULL_SECONDS)
    # On a GPU the CPU's threads only hand over work.
    counts = sorted({1, cores}) if device.type == "cpu" else [1]
    settings = wanted(options.quick, list(dict.fromkeys(engines)), options.packs, counts)
    chosen = [model for model in models() if model.paper_name in options.models]
    left = seconds - (time.monotonic() - begun)
    rows = [row_of(row, device) for row in measure(laboratory, chosen, settings, left)]
    machine = environment(device) | {
        "threads": cores,
        "compiler": fastest.build,
        "sgemm_gflops_one_thread": round(peak, 1),
        "test_every": options.test_every,
        "start_up_seconds": laboratory.preparation,
        "peak_gpu_memory_mib": torch.cuda.max_memory_allocated() // 2**20 if device.type == "cuda" else None,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "system": f"{platform.system()} {platform.machine()}",
        "seconds": round(time.monotonic() - begun),
    }
    print(printed(rows))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
        print(f"wrote {options.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
