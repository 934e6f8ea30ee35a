"""Whether an engine's final accuracies are those of the dense reference, seed by seed: a test of equivalence.

    python benchmarks/equivalence.py --json FILE

Trains every seed of a model with the reference and with each engine, takes the test accuracy after the last epoch, and
tests the paired differences by two one-sided t-tests against ± the margin. What rounding alone does stands beside it:
the reference in chunks of another size (`--control-rows`), whose sums have another order. `split` on a CPU stands for
the same arithmetic on a GPU: half-precision parts, float32 sums.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy
import torch

from distancenets.configuration.datasets import dataset
from distancenets.datasets.store import Dataset, read
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from distancenets.statistics.differences import paired
from distancenets.statistics.equivalence import equivalence
from distancenets.training.batches import Network, chunks, differentiate, evaluate
from distancenets.training.engines.registry import ENGINES
from distancenets.training.provenance import environment
from distancenets.training.scaling import scaling

REPOSITORY = Path(__file__).parent.parent
SETTINGS = dataset("mnist", REPOSITORY / "config" / "datasets.yaml")
REFERENCE = "dense"
LEARNING_RATE = 0.001


def final_accuracies(model: Model, engine: str, rows: int, data: Dataset, options: argparse.Namespace) -> list[float]:
    """Return the test accuracy in percent of every seed after the last epoch."""
    device = torch.device(options.device)
    network = Network(model, "code", scaling("raw", SETTINGS))
    start = initialise(model, range(options.seeds), options.hidden)
    parameters = {name: value.to(device) for name, value in start.items()}
    train, test = (
        chunks(images.to(device), labels.to(device), engine, rows, torch.float32)
        for images, labels in (
            (data.train_images[: options.images], data.train_labels[: options.images]),
            (data.test_images, data.test_labels),
        )
    )
    for _ in range(options.epochs):
        _, gradients = differentiate(network, parameters, train)
        for name, gradient in gradients.items():
            parameters[name].sub_(gradient, alpha=LEARNING_RATE)
    return [round(accuracy, 4) for accuracy in evaluate(network, parameters, test).accuracy.tolist()]


def compared(accuracies: list[float], reference: list[float], margin: float) -> dict[str, Any]:
    """Return the mean paired difference in percentage points, its largest size, and the test of equivalence."""
    differences = numpy.array(accuracies) - numpy.array(reference)
    outcome = equivalence(paired(differences), margin)
    return {
        "mean_difference": round(float(differences.mean()), 4),
        "largest_difference": round(float(numpy.abs(differences).max()), 4),
        "sd_of_differences": round(float(differences.std(ddof=1)), 4),
        "p": float(f"{outcome.p:.3g}"),
        "equivalent": bool(outcome.p < 0.05),
    }


def main() -> None:
    """Train, compare, print a line a model and engine, and write all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["ReLU", "ReLU2-Neg", "Abs-L2"])
    parser.add_argument("--engines", nargs="+", default=["sparse", "split", "boxed"], choices=list(ENGINES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--images", type=int, default=60000, help="the first so many training images")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--rows", type=int, default=2000, help="images in flight at a time")
    parser.add_argument("--control-rows", type=int, default=700, help="as many for the control")
    parser.add_argument("--margin", type=float, default=0.1, help="percentage points")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    data = read(options.data, SETTINGS)
    chosen = [model for model in models() if model.paper_name in options.models]
    size = {name: getattr(options, name) for name in ("seeds", "epochs", "images", "hidden", "margin")}
    report: dict[str, Any] = {"machine": environment(torch.device(options.device)), "size": size, "rows": []}
    references: dict[str, list[float]] = {}
    ways = [(REFERENCE, options.rows), *((engine, options.rows) for engine in options.engines)]
    for engine, rows in [*ways, (REFERENCE, options.control_rows)]:
        for model in chosen:
            begun = time.process_time()
            accuracies = final_accuracies(model, engine, rows, data, options)
            row: dict[str, Any] = {"model": model.paper_name, "engine": engine, "rows": rows}
            row |= {"test_accuracies": accuracies, "cpu_seconds": round(time.process_time() - begun, 1)}
            reference = references.setdefault(model.paper_name, accuracies)
            if reference is not accuracies:
                row |= compared(accuracies, reference, options.margin)
            report["rows"].append(row)
            print({name: value for name, value in row.items() if name != "test_accuracies"}, flush=True)
            if options.json:
                options.json.parent.mkdir(parents=True, exist_ok=True)
                options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
