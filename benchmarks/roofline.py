"""What bounds a model-epoch on one thread of this CPU, and how near the engines' products come to it.

    python benchmarks/roofline.py --json FILE

Rates: float32 matrix products, and copies that stay in the second-level cache, leave it, and go to memory. Times, CPU
milliseconds a model-epoch: both products of the first layer on the training images and one on the test images, with
nothing around them, the best of several. `kept_columns` are the pixels of 784 that have ink in a chunk of 2,000 images,
the images in the engines' order.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from distancenets.configuration.datasets import dataset
from distancenets.datasets.store import Dataset, read
from distancenets.training.batches import Chunk, chunks
from distancenets.training.engines.order import frame_order
from distancenets.training.engines.registry import ENGINES
from distancenets.training.pixels import pixel_major
from distancenets.training.provenance import environment

REPOSITORY = Path(__file__).parent.parent
SETTINGS = dataset("mnist", REPOSITORY / "config" / "datasets.yaml")
SGEMM, HIDDEN, ROWS = 1536, 128, 2000
COPIED_MIB = (1, 30, 400)


def best_seconds(work: Callable[[], object], times: int) -> float:
    """Return the least CPU time that `work` took."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


def sgemm_gflops() -> float:
    """Return the rate of a large matrix product in GFLOP/s."""
    left, right = torch.rand(2, SGEMM, SGEMM)
    return 2e-9 * SGEMM**3 / best_seconds(lambda: left @ right, 8)


def copy_gigabytes(mebibytes: int) -> float:
    """Return the rate of a copy of so many MiB in GB/s, reading and writing counted."""
    source = torch.rand(mebibytes * 2**18)
    target = torch.empty_like(source)
    return 8e-9 * len(source) / best_seconds(lambda: target.copy_(source), 20)


def kept_columns(data: Dataset) -> int:
    """Return how many columns of a chunk of the integer engine have ink, on average."""
    parts = torch.split(data.train_images[frame_order(data.train_images)], ROWS)
    return round(sum(int((part > 0).any(0).sum()) for part in parts) / len(parts))


def products_row(engine: str, data: Dataset, pack: int) -> dict[str, Any]:
    """Return what the first layer's products take by `engine`."""
    train = chunks(data.train_images, data.train_labels, engine, ROWS, torch.float32)
    test = chunks(data.test_images, data.test_labels, engine, ROWS, torch.float32)
    seconds = best_seconds(lambda: _products(train, test, pack), 8)
    return {"engine": engine, "pack": pack, "products_ms": round(1e3 * seconds / pack, 1)}


def _products(train: Sequence[Chunk], test: Sequence[Chunk], pack: int) -> None:
    weight, bias = pixel_major(torch.randn(pack, HIDDEN, 784)), torch.randn(pack, HIDDEN)
    into = torch.zeros_like(weight), torch.zeros_like(bias)
    for pixels, _ in train:
        pixels.backward(pixels.forward(weight, bias), *into)
    for pixels, _ in test:
        pixels.forward(weight, bias)


def main() -> None:
    """Measure, print, and write all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=["dense", "boxed", "sparse"], choices=list(ENGINES))
    parser.add_argument("--pack", type=int, default=5)
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    data = read(options.data, SETTINGS)
    report = {
        "machine": environment(torch.device("cpu")),
        "sgemm_gflops": round(sgemm_gflops(), 1),
        "copy_gigabytes": {f"{size} MiB": round(copy_gigabytes(size), 1) for size in COPIED_MIB},
        "kept_columns": kept_columns(data),
        "rows": [products_row(engine, data, options.pack) for engine in options.engines],
    }
    text = json.dumps(report, indent=1) + "\n"
    print(text, end="")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text)


if __name__ == "__main__":
    main()
