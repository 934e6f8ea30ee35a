"""Activity of nodes: how many are never, or hardly ever, active (claim 7)."""

from collections.abc import Iterable

import pandas as pd
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks

# The paper's threshold: an activation a is active if |a| > 1e−6.
ACTIVE_ABOVE = 1e-6
LAYERS = ("hidden", "output")
SPLITS = ("train", "test")


def active_images(activations: Iterable[Tensor]) -> Tensor:
    """Return on how many images each node is active, S × K, from chunks of activations, each S × K × n."""
    return torch.stack([(chunk.abs() > ACTIVE_ABOVE).sum(-1) for chunk in activations]).sum(0)


def activity_shares(active: Tensor, images: int) -> dict[str, Tensor]:
    """Shares of a layer's nodes, each of shape S, from the S × K counts of `active_images` over `images`.

    never_active: active on no image; below_1_percent and below_5_percent: active on less than that share of the
    images. A node that is never active counts in all three, as in the author's code.
    """
    share = active.double() / images
    return {
        "never_active": (active == 0).double().mean(-1),
        "below_1_percent": (share < 0.01).double().mean(-1),
        "below_5_percent": (share < 0.05).double().mean(-1),
    }


def measure_activity(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """`activity`: one row per run, layer and split, with the columns of `activity_shares` and nodes (their number).

    The hidden layer is measured after its activation, the output layer after the output constraint.
    """
    counted: list[dict[str, Tensor]] = []
    for images in (dataset.train_images, dataset.test_images):
        # One pass covers both layers: their nodes are counted together and split afterwards.
        chunks = (torch.cat([features, networks.outputs(features)], 1) for features in networks.features(images))
        hidden = networks.parameters["hidden.bias"].shape[1]
        active = active_images(chunks)
        for nodes in (active[:, :hidden], active[:, hidden:]):
            size = torch.full((len(nodes),), nodes.shape[1])
            counted.append(activity_shares(nodes, len(images)) | {"nodes": size})
    table = long_form(
        networks,
        {"split": SPLITS, "layer": LAYERS},
        {name: torch.stack([part[name] for part in counted], 1).view(-1, 2, 2) for name in counted[0]},
    )
    columns = [name for name in table.columns if name not in ("split", "layer")]
    return {"activity": table[[*columns[:6], "layer", "split", *columns[6:]]]}
