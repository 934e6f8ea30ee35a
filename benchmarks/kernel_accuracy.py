"""Whether an engine's numbers are as good as float32's on this device, for all 16 models.

    python benchmarks/kernel_accuracy.py --device cuda --json FILE

For each model, at its start and after 200 steps by that very engine, the loss and every gradient are made by it and by
the dense reference in float32, and compared with float64. An error may be three times the reference's. Training twice
must give the same bits. Images with a unit so near a kink that rounding decides its side are left out.
"""

import sys
from collections.abc import Iterator
from typing import Any

import torch
from laboratory import HIDDEN, SETTINGS, arguments, machine, mnist, named, one_thread, pack, write
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.models.networks import head_parameters
from distancenets.models.registry import Model
from distancenets.training.batches import Network, Score, chunks, differentiate
from distancenets.training.engines.compiled import score_of
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.engines.split import ROUNDOFF
from distancenets.training.fingerprint import ENGINES
from distancenets.training.first_layer import DensePixels
from distancenets.training.pixel_scaling import scaling

SEEDS = 2
# A unit this much nearer to zero than units are on average may be on its other side in single precision.
NEAR = 1e-4
# Images of a chunk: the order of its sums, by which the reference's error is by chance smaller or larger.
ORDERS = (300, 700, 2000)
Parameters = dict[str, Tensor]
Found = tuple[Score, Parameters]


def trained(model: Model, engine: str, data: Dataset, steps: int, device: torch.device) -> Parameters:
    """Return the parameters of two networks after `steps`."""
    work = pack(model, engine, data, device, SEEDS)
    for _ in range(steps):
        work.step(0)
    return work.parameters()


def off_the_kinks(net: Network, parameters: Parameters, images: Tensor) -> Tensor:
    """Return which images have no unit near zero, where ReLU and Abs have a kink."""
    double = {name: value.double() for name, value in parameters.items()}
    weight, bias = net.scaling.fold(double["hidden.weight"], double["hidden.bias"])
    z = DensePixels(images, torch.float64).forward(weight, bias)
    values = [z, net.model.scores(z, head_parameters(double), net.offset_l2)]
    return torch.stack([(some.abs() > NEAR * some.abs().mean()).all(0).all(0) for some in values]).all(0)


def by_torch(
    net: Network, parameters: Parameters, images: Tensor, labels: Tensor, engine: str, rows: int, dtype: torch.dtype
) -> Found:
    """Return loss and gradients by an engine of PyTorch's."""
    cast = {name: value.to(dtype) for name, value in parameters.items()}
    return differentiate(net, cast, chunks(images, labels, engine, rows, dtype))


def by_compiled(net: Network, parameters: Parameters, images: Tensor, labels: Tensor) -> Found:
    """Return loss and gradients by the compiled engine."""
    split, space = Split(images.numpy(), labels.numpy()), Workspace(images.shape[1], HIDDEN)
    networks = []
    for seed in range(SEEDS):
        own = {name: value[seed].numpy() for name, value in parameters.items()}
        networks.append(CompiledNetwork(net.model, net.offset_l2, net.scaling, own, space))
    score = score_of([network.differentiate(split) for network in networks])
    gradients = [network.gradients() for network in networks]
    return score, {name: torch.stack([torch.from_numpy(each[name]) for each in gradients]) for name in gradients[0]}


def errors(found: Found, exact: Found) -> dict[str, float]:
    """Return the relative error of the loss and of every gradient, over both seeds, in the Euclidean norm."""
    pairs = {"loss": (found[0].loss, exact[0].loss)}
    pairs |= {name: (found[1][name].double(), exact[1][name]) for name in exact[1]}
    return {name: float((one - other).norm() / other.norm()) for name, (one, other) in pairs.items()}


def losses_nearby(net: Network, parameters: Parameters, images: Tensor, labels: Tensor) -> Iterator[float]:
    """Yield the error of the reference's loss at larger weights: a loss is one number, and exact by chance."""
    for share in (1.001, 1.002):
        problem = net, {name: share * value for name, value in parameters.items()}, images, labels
        single, double = (by_torch(*problem, "dense", 2000, dtype) for dtype in (torch.float32, torch.float64))
        yield errors(single, double)["loss"]


def compared(model: Model, engine: str, steps: int, data: Dataset, device: torch.device) -> dict[str, Any]:
    """Return the relative errors of engine and reference, and whether two trainings gave the same bits."""
    net = Network(model, "code", scaling("raw", SETTINGS))
    parameters, again = (trained(model, engine, data, steps, device) for _ in range(2))
    images, labels = data.test_images[:2000].to(device), data.test_labels[:2000].to(device)
    kept = off_the_kinks(net, parameters, images)
    problem = net, parameters, images[kept], labels[kept]
    exact = by_torch(*problem, "dense", 2000, torch.float64)
    found = by_compiled(*problem) if engine == "compiled" else by_torch(*problem, engine, 2000, torch.float32)
    reference = [errors(by_torch(*problem, "dense", rows, torch.float32), exact) for rows in ORDERS]
    reference += [{"loss": error} for error in losses_nearby(*problem)]
    row: dict[str, Any] = {"model": model.paper_name, "engine": engine, "steps": steps, "images": int(kept.sum())}
    row["errors"], row["as_good_as_float32"] = {}, True
    for name, ours in errors(found, exact).items():
        theirs = max(order[name] for order in reference if name in order)
        row["errors"][name] = {"engine": float(f"{ours:.3g}"), "float32": float(f"{theirs:.3g}")}
        row["as_good_as_float32"] &= ours <= 3 * max(theirs, ROUNDOFF)
    same = all(torch.equal(parameters[name], again[name]) for name in parameters)
    return row | {"same_bits_twice": same}


def main() -> None:
    """Check every model, print a line each, write all of it, and fail where a check does."""
    parser = arguments(__doc__)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, help="split on a GPU, compiled on a CPU by default")
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    one_thread()
    device = torch.device(options.device)
    data = mnist(options.data, 1000)
    engines = options.engines or ["compiled" if device.type == "cpu" else "split"]
    rows = []
    for model in named(options.models):
        for engine in engines:
            for steps in (0, options.steps):
                rows.append(compared(model, engine, steps, data, device))
                print(*(f"{name}={value}" for name, value in rows[-1].items()), flush=True)
    write(options.json, {"machine": machine(device), "rows": rows})
    failed = [row for row in rows if not (row["same_bits_twice"] and row["as_good_as_float32"])]
    sys.exit(f"{len(failed)} checks failed" if failed else 0)


if __name__ == "__main__":
    main()
