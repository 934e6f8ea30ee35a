"""Whether an engine's products are as good as float32's on this device, for all 16 models.

    python benchmarks/checks.py --device cuda --json FILE

For each model, at its start and after 200 steps by that very engine, both products of the first layer are made by it
and by the dense reference in float32, from the same weights and the same gradient of the pre-activations, and held
against float64. An error may be three times the reference's. Training twice must give the same bits. TF32 is shown, but
not held to that bound.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distancenets.configuration.datasets import dataset
from distancenets.datasets.store import Dataset, read
from distancenets.models.networks import head_parameters, initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network, chunks
from distancenets.training.engines.registry import ENGINES
from distancenets.training.engines.split import ROUNDOFF
from distancenets.training.losses import cross_entropy
from distancenets.training.pixels import DensePixels, Pixels
from distancenets.training.provenance import environment
from distancenets.training.scaling import scaling
from distancenets.training.steps import Steps

REPOSITORY = Path(__file__).parent.parent
SETTINGS = dataset("mnist", REPOSITORY / "config" / "datasets.yaml")
Parameters = dict[str, Tensor]


def trained(net: Network, engine: str, data: Dataset, steps: int, device: torch.device) -> Parameters:
    """Return the parameters of two networks after `steps`, fast steps on a GPU as in a study."""
    parameters = {name: value.to(device) for name, value in initialise(net.model, range(2), 128).items()}
    images, labels = data.train_images[:1000].to(device), data.train_labels[:1000].to(device)
    split = chunks(images, labels, engine, 1000, torch.float32)
    work = Steps(net, parameters, split, split, 0.001)
    if device.type == "cuda":
        work.accelerate(device, print)
    for _ in range(steps):
        work.descend()
    return parameters


def gradient_of(net: Network, parameters: Parameters, images: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the loss by the pre-activations, made in float64."""
    double = {name: value.double() for name, value in parameters.items()}
    weight, bias = net.scaling.fold(double["hidden.weight"], double["hidden.bias"])
    z = DensePixels(images, torch.float64).forward(weight, bias).requires_grad_()
    outputs = net.model.outputs(z, head_parameters(double), net.offset_l2)
    return torch.autograd.grad(outputs, z, cross_entropy(outputs.detach(), labels).gradient / len(labels))[0]


def products(pixels: Pixels, parameters: Parameters, gradient: Tensor, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return both products in float64, as `pixels` makes them in `dtype`."""
    weight, bias = (parameters[f"hidden.{name}"].to(dtype) for name in ("weight", "bias"))
    into = torch.zeros_like(weight), torch.zeros_like(bias)
    pixels.backward(gradient.to(dtype), *into)
    return {"forward": pixels.forward(weight, bias).double(), "backward": into[0].double()}


def compared(model: Model, engine: str, steps: int, data: Dataset, device: torch.device) -> dict[str, Any]:
    """Return the relative errors of engine and reference, and whether two trainings gave the same bits."""
    net = Network(model, "code", scaling("raw", SETTINGS))
    parameters, again = (trained(net, engine, data, steps, device) for _ in range(2))
    images, labels = data.train_images[:2000].to(device), data.train_labels[:2000].to(device).long()
    # Single precision has the gradient as it is rounded.
    gradient = gradient_of(net, parameters, images, labels).float()
    exact, single, found = (
        products(kind(images, dtype), parameters, gradient, dtype)
        for kind, dtype in (
            (DensePixels, torch.float64),
            (DensePixels, torch.float32),
            (ENGINES[engine].pixels, torch.float32),
        )
    )
    relative: Callable[[Tensor, Tensor], float] = lambda some, true: float((some - true).norm() / true.norm())  # noqa: E731
    errors = {name: [relative(each[name], exact[name]) for each in (found, single)] for name in exact}
    good = all(ours <= 3 * max(reference, ROUNDOFF) for ours, reference in errors.values())
    same = all(torch.equal(parameters[name], again[name]) for name in parameters)
    row: dict[str, Any] = {"model": model.paper_name, "engine": engine, "steps": steps}
    for name, (ours, reference) in errors.items():
        row |= {f"{name}_error": float(f"{ours:.3g}"), f"{name}_float32": float(f"{reference:.3g}")}
    return row | {"as_good_as_float32": good, "same_bits_twice": same}


def main() -> None:
    """Check every model, print a line each, write all of it, and fail where a check does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [model.paper_name for model in models()]
    parser.add_argument("--models", nargs="+", default=names, choices=names, metavar="MODEL")
    parser.add_argument("--engines", nargs="+", default=["split"], choices=list(ENGINES))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    device = torch.device(options.device)
    data = read(options.data, SETTINGS)
    rows = []
    for model in models():
        for engine in options.engines:
            for steps in (0, options.steps) if model.paper_name in options.models else ():
                rows.append(compared(model, engine, steps, data, device))
                print(*(f"{name}={value}" for name, value in rows[-1].items()), flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"machine": environment(device), "rows": rows}, indent=1) + "\n")
    failed = [row for row in rows if not row["same_bits_twice"]]
    failed += [row for row in rows if row["engine"] != "tf32" and not row["as_good_as_float32"]]
    sys.exit(f"{len(failed)} checks failed" if failed else 0)


if __name__ == "__main__":
    main()
