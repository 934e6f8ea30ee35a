"""An optimiser in the library's form."""

from distancenets.configuration.optimisers import Adam, GradientDescent, Momentum, Optimiser
from distancenets.training.engines.native.bindings import OptimiserStructure


def structure(optimiser: Optimiser) -> OptimiserStructure:
    """Return `optimiser` with its number in C."""
    rate = optimiser.learning_rate
    match optimiser:
        case GradientDescent():
            return OptimiserStructure(0, rate, 0, 0, 0)
        case Momentum():
            return OptimiserStructure(1, rate, optimiser.momentum, 0, 0)
        case Adam():
            return OptimiserStructure(2, rate, *optimiser.betas, optimiser.eps)
