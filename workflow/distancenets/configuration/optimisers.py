"""Optimisers, with the names and defaults of `torch.optim`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat

from distancenets.configuration.settings import Settings

Rate = Annotated[PositiveFloat, Field(allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, lt=1)]


class _Optimiser(Settings):
    moments: ClassVar[tuple[str, ...]] = ()

    learning_rate: Rate = Field(0.001, description="step size")


class GradientDescent(_Optimiser):
    """Plain gradient descent, `torch.optim.SGD`."""

    name: Literal["gradient_descent"] = "gradient_descent"


class Momentum(_Optimiser):
    """Gradient descent with momentum, `torch.optim.SGD` with `momentum`."""

    moments: ClassVar[tuple[str, ...]] = ("momentum_buffer",)

    name: Literal["momentum"] = "momentum"
    momentum: Factor = Field(description="share of the last step that the next step keeps")


class Adam(_Optimiser):
    """`torch.optim.Adam`."""

    moments: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")

    name: Literal["adam"] = "adam"
    betas: tuple[Factor, Factor] = Field((0.9, 0.999), description="decay of the means of gradients and their squares")
    eps: Rate = Field(1e-8, description="added to the root of the mean square")


Optimiser = Annotated[GradientDescent | Momentum | Adam, Field(discriminator="name")]
