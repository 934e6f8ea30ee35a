"""What all figures share: one colour per model, sizes for print, and how files are written."""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from distancenets.derived import deriving
from distancenets.files import replacing_all, with_ending
from distancenets.models.activations import ACTIVATIONS
from distancenets.models.registry import Model
from distancenets.models.representations import REPRESENTATIONS

# The colour-blind-safe palette of Okabe and Ito.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#56B4E9", "#E69F00", "#CC79A7", "#000000", "#999999")
LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P")
PAGE_WIDTH = 7.0  # inches

STYLE = Path(__file__).with_name("print.mplstyle")


def use_style() -> None:
    """Draw without a screen in the style for print; the user's matplotlibrc is ignored."""
    mpl.use("agg")
    mpl.rcdefaults()
    plt.style.use(STYLE)


def colour(model: Model) -> str:
    """The colour of a model's activation and representation, the same in every figure."""
    activation = list(ACTIVATIONS).index(model.activation.name)
    representation = list(REPRESENTATIONS).index(model.representation.name)
    return PALETTE[(activation * len(REPRESENTATIONS) + representation) % len(PALETTE)]


def line(model: Model) -> str:
    """The line style of a model's activation."""
    return LINES[list(ACTIVATIONS).index(model.activation.name) % len(LINES)]


def marker(model: Model) -> str:
    """The marker of a model's activation."""
    return MARKERS[list(ACTIVATIONS).index(model.activation.name) % len(MARKERS)]


def plain(text: str) -> str:
    """`text` with $ escaped, so that matplotlib starts no formula."""
    return text.replace("$", r"\$")


def write_figure(figure: Figure, stem: Path) -> None:
    """Write `figure` as `<stem>.png` and `<stem>.svg`, list both with their SHA-256, and close it."""
    kinds = {with_ending(stem, ".png"): {"Software": None}, with_ending(stem, ".svg"): {"Date": None}}
    with deriving(stem.name, *kinds), replacing_all(*kinds) as parts:
        for path, part in zip(kinds, parts, strict=True):
            figure.savefig(part, format=path.suffix[1:], metadata=kinds[path], bbox_inches="tight")
    plt.close(figure)
