"""An independent reading of the paper's networks as plain `torch.nn` modules, one network at a time."""

import torch
from torch import Tensor, nn


class OffsetL2(nn.Module):
    def __init__(self, hidden: int, classes: int, squared: bool) -> None:
        super().__init__()
        self.mu = nn.Parameter(torch.empty(classes, hidden))
        self.alpha = nn.Parameter(torch.empty(classes, hidden))
        self.squared = squared

    def forward(self, features: Tensor) -> Tensor:
        offsets = features[:, None, :] - self.mu[None]
        if self.squared:
            return torch.clamp(((self.alpha * offsets) ** 2).sum(-1), min=1e-12).sqrt()
        return torch.clamp((self.alpha * offsets**2).sum(-1), min=1e-12).sqrt()


class ReferenceNetwork(nn.Module):
    """x → Linear → σ → head → output constraint, as the paper's Table 1 lists them."""

    def __init__(self, architecture: str, representation: str, hidden: int, squared: bool) -> None:
        super().__init__()
        self.sigma = torch.relu if architecture.startswith("relu") else torch.abs
        self.first = nn.Linear(784, hidden)
        self.l2 = architecture.endswith("_l2")
        self.head: nn.Module
        if self.l2:
            self.head = OffsetL2(hidden, 10, squared)
        else:
            self.head = nn.Linear(hidden, 10, bias=architecture.endswith("_bias"))
        self.representation = representation

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.sigma(self.first(images)))
        if self.representation == "unconstrained":
            return scores
        outputs = scores if self.l2 else self.sigma(scores)
        return -outputs if self.representation == "distance" else outputs

    def named(self) -> dict[str, Tensor]:
        """Return the parameters under the package's names."""
        names = {"first": "hidden", "head": "head"}
        parts = {"weight": "weight", "bias": "bias", "mu": "prototypes", "alpha": "scales"}
        return {
            f"{names[layer]}.{parts[part]}": value
            for (layer, part), value in ((name.split("."), value) for name, value in self.named_parameters())
        }


def reference_network(
    parameters: dict[str, Tensor], architecture: str, representation: str, squared: bool
) -> ReferenceNetwork:
    """Return the reference with one network's `parameters` under the package's names."""
    network = ReferenceNetwork(architecture, representation, len(parameters["hidden.bias"]), squared).to(
        parameters["hidden.bias"].dtype
    )
    with torch.no_grad():
        for name, value in network.named().items():
            value.copy_(parameters[name])
    return network
