"""Whether an engine's final accuracies are those of the dense reference, seed by seed: a test of equivalence.

    python benchmarks/equivalence.py --json FILE

Trains every seed of a model with the reference and with each engine, takes the test accuracy after the last epoch, and
tests the paired differences by two one-sided t-tests against ± the margin. What rounding alone does stands beside it:
the reference in chunks of another size, whose sums have another order. `split` on a CPU stands for the same arithmetic
on a GPU: half-precision parts, float32 sums.
"""

from typing import Any

import numpy as np
import torch
from laboratory import (
    HIDDEN,
    SETTINGS,
    arguments,
    machine,
    milliseconds,
    mnist,
    named,
    one_thread,
    pack,
    write,
)

from distancenets.configuration.optimisers import GradientDescent
from distancenets.datasets.store import Dataset
from distancenets.models.networks import initialise
from distancenets.models.registry import Model
from distancenets.statistics.hypothesis_tests import equivalence
from distancenets.statistics.t_tests import paired
from distancenets.training.batches import Network, chunks
from distancenets.training.fingerprint import ENGINES
from distancenets.training.pixel_scaling import scaling
from distancenets.training.steps import Steps, TorchSteps

REFERENCE, CONTROL = "dense", "dense, other chunks"
CONTROL_ROWS = 150


def in_other_chunks(model: Model, data: Dataset, device: torch.device, seeds: int) -> Steps:
    """Return the steps of the reference, whose sums over images have another order."""
    parameters = {name: value.to(device) for name, value in initialise(model, range(seeds), HIDDEN).items()}
    train, test = (
        chunks(images.to(device), labels.to(device), REFERENCE, CONTROL_ROWS, torch.float32)
        for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels))
    )
    return TorchSteps(Network(model, "code", scaling("raw", SETTINGS)), parameters, {}, train, test, GradientDescent())


def descend(steps: Steps, epochs: int) -> None:
    """Make `epochs` steps."""
    for _ in range(epochs):
        steps.step(0)


def compared(accuracies: list[float], reference: list[float], margin: float) -> dict[str, Any]:
    """Return the mean paired difference in percentage points, its largest size, and the test of equivalence."""
    differences = np.array(accuracies) - np.array(reference)
    outcome = equivalence(paired(differences), margin)
    return {
        "mean_difference": round(float(differences.mean()), 4),
        "largest_difference": round(float(np.abs(differences).max()), 4),
        "sd_of_differences": round(float(differences.std(ddof=1)), 4),
        "p": float(f"{outcome.p:.3g}"),
        "equivalent": bool(outcome.p < 0.05),
    }


def main() -> None:
    """Train, compare, print a line a model and engine, and write all of it."""
    parser = arguments(__doc__, ["ReLU", "ReLU2-Neg", "Abs-L2"])
    parser.add_argument("--engines", nargs="+", default=["compiled", "split"], choices=ENGINES)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--images", type=int, default=60000, help="the first so many training images")
    parser.add_argument("--margin", type=float, default=0.1, help="percentage points")
    options = parser.parse_args()
    one_thread()
    device, data = torch.device(options.device), mnist(options.data, options.images)
    size = {name: getattr(options, name) for name in ("seeds", "epochs", "images", "margin")}
    report: dict[str, Any] = {"machine": machine(device), "size": size, "rows": []}
    for model in named(options.models):
        reference: list[float] | None = None
        for engine in (REFERENCE, *options.engines, CONTROL):
            other = engine == CONTROL
            seeds = options.seeds
            steps = in_other_chunks(model, data, device, seeds) if other else pack(model, engine, data, device, seeds)
            taken = milliseconds(lambda each=steps: descend(each, options.epochs), device)  # type: ignore[misc]
            accuracies = [round(accuracy, 4) for accuracy in steps.evaluate_test().accuracy.tolist()]
            row: dict[str, Any] = {"model": model.paper_name, "engine": engine, "test_accuracies": accuracies}
            row["seconds"] = round(taken / 1000, 1)
            if reference is None:
                reference = accuracies
            else:
                row |= compared(accuracies, reference, options.margin)
            report["rows"].append(row)
            print({name: value for name, value in row.items() if name != "test_accuracies"}, flush=True)
            write(options.json, report)


if __name__ == "__main__":
    main()
