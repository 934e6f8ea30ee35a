"""How near the compiled engine comes to what one core can do.

    python benchmarks/roofline.py --json FILE

An operation is one multiply-add of floats, or a sum, difference or product by itself. Counted are those that a
model-epoch cannot do without: entries of the lists of nonzero pixels, times the rows of a tile and the width of the
layer, and what the head takes for each image, class and feature. Divided by the rate at which one core makes fused
multiply-adds (`peak.c`, built by the engine's compiler for the same target) they give the least time.
"""

import ctypes
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from laboratory import HIDDEN, MILLION, arguments, machine, milliseconds, mnist, named, one_thread, pack, write

from distancenets.datasets.store import Dataset
from distancenets.models.networks import CLASSES
from distancenets.models.registry import Model
from distancenets.training.engines.native.bindings import constant
from distancenets.training.engines.native.build import FLAGS, FOLDER, build
from distancenets.training.engines.native.images import Split

CPU = torch.device("cpu")
TURNS = 10_000_000
# Operations an image, class and feature, forward and backward: w h; and a (h - m)^2, with what both gradients take.
HEAD = {"linear": (1, 2), "linear_bias": (1, 2), "offset_l2": (3, 5)}


def least(work: Callable[[], object], times: int) -> float:
    """Return the least CPU time that `work` took, in ms."""
    return min(milliseconds(work, CPU) for _ in range(times))


def peak(target: str, times: int) -> float:
    """Return the rate of one core, in 10⁹ multiply-adds a second."""
    command = [sys.executable, "-m", "ziglang", "cc", f"-march={target}", "-mprefer-vector-width=512", *FLAGS]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peak.so"
        subprocess.run([*command, f"-I{FOLDER}", Path(__file__).with_name("peak.c"), "-o", library], check=True)
        functions = ctypes.CDLL(str(library))
    arguments_of_turn = ctypes.c_int64(TURNS), ctypes.c_float(0.5), ctypes.c_float(0.25)
    operations = TURNS * ctypes.c_int64.in_dll(functions, "operations_a_turn").value
    return operations / MILLION / least(lambda: functions.turn(*arguments_of_turn), times)


def operations(model: Model, data: Dataset) -> dict[str, int]:
    """Return the operations of a model-epoch by its parts."""
    train, test = (
        Split(images.numpy(), labels.numpy())
        for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels))
    )
    entry = constant("tile") * HIDDEN
    forward, backward = HEAD[model.head.name]
    by_image = CLASSES * HIDDEN
    return {
        "first layer, train, forward": train.by_image.entries * entry,
        "first layer, train, backward": sum(chunk.entries for chunk in train.chunks) * entry,
        "first layer, test": test.by_image.entries * entry,
        "head": (train.count * (forward + backward) + test.count * forward) * by_image,
    }


def row_of(model: Model, data: Dataset, rate: float, times: int) -> dict[str, Any]:
    """Return what a model-epoch takes, at the least and as measured."""
    counted = operations(model, data)
    steps = pack(model, "compiled", data, CPU)

    def epoch() -> None:
        steps.step(0)
        steps.evaluate_test()

    lowest, measured = sum(counted.values()) / MILLION / rate, least(epoch, times)
    return {
        "model": model.paper_name,
        "operations": counted,
        "lowest_ms": round(lowest, 1),
        "measured_ms": round(measured, 1),
        "share_reached": round(lowest / measured, 3),
    }


def main() -> None:
    """Measure, print, and write all of it."""
    parser = arguments(__doc__, ["ReLU", "Abs2-Neg", "ReLU-L2"])
    parser.add_argument("--times", type=int, default=20, help="of which the least counts")
    options = parser.parse_args()
    one_thread()
    data, made = mnist(options.data), build()
    rate = peak(made.target, options.times)
    report = {
        "machine": machine(CPU) | {"build": {"compiler": made.compiler, "target": made.target}},
        "multiply_adds_per_second": round(1e9 * rate),
        "rows": [row_of(model, data, rate, options.times) for model in named(options.models)],
    }
    print(json.dumps(report, indent=1))
    write(options.json, report)


if __name__ == "__main__":
    main()
