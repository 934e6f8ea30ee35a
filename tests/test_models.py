"""The registry and the start of a network."""

import pytest
import torch
from torch import nn

from distancenets.errors import UserError
from distancenets.models.activations import ACTIVATIONS, Activation
from distancenets.models.networks import initialise
from distancenets.models.registry import architectures, find_model, models

PAPER_NAMES = {
    "ReLU", "Abs", "ReLU2", "Abs2", "ReLU2-Neg", "Abs2-Neg",
    "ReLU_Bias", "Abs_Bias", "ReLU2_Bias", "Abs2_Bias", "ReLU2-Neg_Bias", "Abs2-Neg_Bias",
    "ReLU-L2", "Abs-L2", "ReLU-L2-Neg", "Abs-L2-Neg",
}  # fmt: skip


def test_the_registry_holds_the_papers_models() -> None:
    assert {model.paper_name for model in models()} == PAPER_NAMES
    assert len(models()) == 16
    assert set(architectures()) == {"relu", "abs", "relu_bias", "abs_bias", "relu_l2", "abs_l2"}


@pytest.mark.parametrize(
    ("axes", "message"),
    [(("tanh", "distance"), "unknown architecture 'tanh'"), (("abs_l2", "unconstrained"), "has no representation")],
)
def test_what_is_not_there_is_named(axes: tuple[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_model(*axes)


def test_the_start_is_pytorchs_default() -> None:
    start = initialise(find_model("relu_bias", "distance"), [3, 5], 128)
    for index, seed in enumerate([3, 5]):
        torch.manual_seed(seed)
        first, second = nn.Linear(784, 128), nn.Linear(128, 10)
        assert torch.equal(start["hidden.weight"][index], first.weight)
        assert torch.equal(start["hidden.bias"][index], first.bias)
        assert torch.equal(start["head.weight"][index], second.weight)
        assert torch.equal(start["head.bias"][index], second.bias)


def test_models_of_one_seed_share_their_first_layer() -> None:
    starts = [initialise(model, [7], 128)["hidden.weight"] for model in models()]
    assert all(torch.equal(start, starts[0]) for start in starts)


def test_offset_l2_starts_at_small_prototypes_and_unit_scales() -> None:
    start = initialise(find_model("abs_l2", "intensity"), range(20), 128)
    prototypes = start["head.prototypes"]
    assert prototypes.shape == (20, 10, 128)
    # 25,600 draws of N(0, 0.1²): mean and SD within four standard errors.
    assert abs(prototypes.mean().item()) < 4 * 0.1 / 160
    assert abs(prototypes.std().item() - 0.1) < 4 * 0.1 / 226
    assert torch.equal(start["head.scales"], torch.ones(20, 10, 128))


def test_a_new_activation_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ACTIVATIONS, "softplus", Activation("softplus", "Softplus", "ln(1 + eᶻ)", nn.functional.softplus)
    )
    assert len(models()) == 24
    model = find_model("softplus_l2", "distance")
    assert model.paper_name == "Softplus-L2-Neg"
    start = initialise(model, [0], 8)
    head = {name.removeprefix("head."): value for name, value in start.items() if name.startswith("head.")}
    assert model.outputs(torch.zeros(1, 8, 3), head, "code").shape == (1, 10, 3)


def test_the_absolute_value_has_its_derivative() -> None:
    z = torch.tensor([-3e38, -2.5, -1e-30, 1e-30, 7.0, 0.0], requires_grad=True)
    found = ACTIVATIONS["abs"].function(z)
    assert torch.equal(found, z.detach().abs())
    slope = torch.autograd.grad(found.sum(), z)[0]
    assert torch.equal(slope[:-1], z.detach().sign()[:-1]) and slope[-1] == -1
