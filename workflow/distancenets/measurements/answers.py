"""Answers: which images a network classifies correctly, packed eight to a byte."""

import numpy
import pandas
import torch
from torch import Tensor

from distancenets.configuration.recipes import Recipe
from distancenets.models.networks import head_parameters
from distancenets.models.registry import find_model
from distancenets.training.pixels import DensePixels
from distancenets.training.scaling import scaling

ROWS = 2000


def correct_images(recipe: Recipe, parameters: dict[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """Return which `images`, N × D uint8, the networks of a pack assign their `labels`, N: S × N, bool.

    Where classes tie, the lowest one counts as the answer.
    """
    model, experiment = find_model(recipe.architecture, recipe.representation), recipe.experiment
    folded = scaling(experiment.pixels, recipe.dataset).fold(parameters["hidden.weight"], parameters["hidden.bias"])
    head = head_parameters(parameters)
    answers = []
    with torch.no_grad():
        for some in torch.split(images, ROWS):
            pre_activations = DensePixels(some, folded[0].dtype).forward(*folded)
            answers.append(model.outputs(pre_activations, head, experiment.offset_l2).argmax(1))
    return torch.cat(answers, dim=1) == labels


def packed(correct: Tensor, epoch: int) -> pandas.DataFrame:
    """Return the row of the table `correct` for one network's answers, N, at `epoch`.

    Returns
    -------
    pandas.DataFrame
        epoch, images (their number), correct (bytes; the first image is the highest bit of the first byte).
    """
    content = numpy.packbits(correct.numpy()).tobytes()
    return pandas.DataFrame({"epoch": [epoch], "images": [len(correct)], "correct": [content]})


def unpacked(content: bytes, images: int) -> numpy.ndarray[tuple[int], numpy.dtype[numpy.bool_]]:
    """Return which of the `images` images were answered correctly."""
    return numpy.unpackbits(numpy.frombuffer(content, numpy.uint8), count=images).astype(bool)
