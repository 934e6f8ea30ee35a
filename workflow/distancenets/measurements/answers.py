"""Answers: which images a network classifies correctly, packed eight to a byte."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from distancenets.configuration.recipes import Recipe
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.measurements.networks import Networks, Stored
from distancenets.models.networks import head_parameters
from distancenets.models.registry import find_model
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.first_layer import DensePixels
from distancenets.training.microbatching import CPU_ROWS
from distancenets.training.pixel_scaling import scaling

# PyTorch's sums have another order from device to device, so an image at the border of two classes may change sides.
BORDERLINE_IMAGES = 1


def borderline(engine: str, images: int) -> float:
    """By how many percent points a measured accuracy may differ from the one that training by `engine` found."""
    return 0.0 if engine == "compiled" else 100 * BORDERLINE_IMAGES / images


def correct_images(
    recipe: Recipe, engine: str, parameters: dict[str, Tensor], images: Tensor, labels: Tensor
) -> Tensor:
    """Which `images`, N × D uint8, the networks of a pack assign their `labels`, N: S × N, bool.

    Runs of the compiled engine are answered by it, to the bit as in training; others by the dense one, which may differ
    on images at the border of two classes. Where classes tie, the lowest one counts as the answer.
    """
    model, form = find_model(recipe.architecture, recipe.representation), recipe.experiment.offset_l2
    scales = scaling(recipe.experiment.pixels, recipe.dataset)
    if engine == "compiled":
        space, split = Workspace(images.shape[1], recipe.experiment.hidden), Split(images.numpy(), labels.numpy())
        networks = ({name: value[seed].numpy() for name, value in parameters.items()} for seed in _seeds(parameters))
        scores = (CompiledNetwork(model, form, scales, network, space).evaluate(split) for network in networks)
        return torch.stack([torch.from_numpy(split.in_order_given(score.right)) for score in scores]).bool()
    folded = scales.fold(parameters["hidden.weight"], parameters["hidden.bias"])
    head = head_parameters(parameters)
    answers = []
    with torch.no_grad():
        for some in torch.split(images, CPU_ROWS):
            pre_activations = DensePixels(some, folded[0].dtype).forward(*folded)
            answers.append(model.outputs(pre_activations, head, form).argmax(1))
    return torch.cat(answers, dim=1) == labels


def _seeds(parameters: dict[str, Tensor]) -> range:
    return range(len(parameters["hidden.bias"]))


def stored_answers(stored: Stored, recipe: Recipe, networks: Networks, images: Dataset) -> pd.DataFrame:
    """The row of the table `correct` for the one network in `networks`, read from the run `stored`.

    Raises
    ------
    UserError
        The network answers other numbers of test images correctly than the run recorded.
    """
    engine = stored.folder.read_provenance()["engine"]["name"]
    curve = stored.folder.read_metrics(stored.digest).to_pandas()
    [correct] = correct_images(recipe, engine, networks.parameters, images.test_images, images.test_labels)
    recorded = curve.loc[curve["epoch"] == networks.epoch, "test_accuracy"].item()
    if abs(100 * int(correct.sum()) / len(correct) - recorded) > borderline(engine, len(correct)):
        raise UserError(
            f"{stored.folder.weights}: answers {int(correct.sum())} of {len(correct)} test images at epoch "
            f"{networks.epoch} correctly, but the run recorded {recorded} %; train the run again"
        )
    return packed(correct, networks.epoch)


def packed(correct: Tensor, epoch: int) -> pd.DataFrame:
    """The row of the table `correct` for one network's answers, N, at `epoch`.

    Returns
    -------
    pandas.DataFrame
        epoch, images (their number), correct (bytes; the first image is the highest bit of the first byte).
    """
    content = np.packbits(correct.numpy()).tobytes()
    return pd.DataFrame({"epoch": [epoch], "images": [len(correct)], "correct": [content]})


def unpacked(content: bytes, images: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the `images` images were answered correctly."""
    return np.unpackbits(np.frombuffer(content, np.uint8), count=images).astype(bool)
