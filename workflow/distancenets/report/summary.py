"""The summary: tables and figures of a study on one page of Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distancenets.audit.serialization import read_summary
from distancenets.claims.serialization import read as read_claims
from distancenets.claims.serialization import verdict_table
from distancenets.configuration.study import Study
from distancenets.files import read_text
from distancenets.markdown import plain
from distancenets.measurements.registry import MEASUREMENTS, drawn_figures
from distancenets.report.coverage import extents


class Illustration(NamedTuple):
    """A figure of the summary: its path below the study's folder, without extension, and what it shows."""

    stem: str
    shows: str


DISAGREEMENT = "Test images that representations disagree on"
ACCURACY_TABLES = ("table2", "table3", "table5", "discussion")


def illustrations(study: Study) -> Sequence[Illustration]:
    """Return the figures of `study`, in the order of the summary."""
    experiments = study.experiments
    return (
        Illustration("figures/six_models", "Table 2, the discussion's text and this study"),
        *(Illustration(f"figures/final_accuracies_{name}", f"Final test accuracies, {name}") for name in experiments),
        *(Illustration(f"figures/differences_{name}", f"Differences of models, {name}") for name in experiments),
        *(Illustration(f"figures/learning_curves_{name}", f"Learning curves, {name}") for name in experiments),
        *(Illustration(f"figures/disagreement_{name}", f"{DISAGREEMENT}, {name}") for name in experiments),
        Illustration("figures/robustness", "The claims across experiments"),
        Illustration("figures/figure1", "Figure 1: class distributions of a first-layer node"),
    )


def protocols(study: Study, root: Path) -> dict[str, str]:
    """Return experiment → its protocol in words, and the number of its runs in `root`."""
    trained = extents(root)
    return {
        name: f"{experiment.dataset}, {experiment.pixels} pixels, {experiment.training_in_words}, "
        f"{experiment.hidden} hidden nodes, OffsetL2 as in the {experiment.offset_l2}; {trained.get(name, 'no run')}"
        for name, experiment in study.experiments.items()
    }


def _geometry(study: Study, root: Path) -> Sequence[str]:
    return (
        "## Geometry of the learned weights",
        *(_table(root, name) for name in MEASUREMENTS),
        *(
            f"![{shows}, {experiment}](figures/{name}_{experiment}.png)\n\n*{shows}, {experiment}*"
            for experiment in study.experiments
            for name, shows in drawn_figures(study.measurements).items()
        ),
    )


def summary(study: Study, root: Path) -> str:
    """Return the summary of `study` from the tables and figures below `root`."""
    parts = [f"# {study.study}: {plain(study.title)}", *_claims(study, root)]
    parts += ["## Protocol", "\n".join(f"- **{name}**: {text}" for name, text in protocols(study, root).items())]
    parts += ["## Are the printed numbers consistent?", _audit(root)]
    parts += ["## Published and measured", *(_table(root, name) for name in ACCURACY_TABLES)]
    parts += ["## Which protocol produced the published numbers?", _table(root, "protocols")]
    parts += ["## Seeds and test images", _table(root, "images")]
    parts += [
        "## Figures",
        *(f"![{figure.shows}]({figure.stem}.png)\n\n*{figure.shows}*" for figure in illustrations(study)),
    ]
    parts += _geometry(study, root)
    parts += ["## The models", _table(root, "table1"), _table(root, "table4")]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _claims(study: Study, root: Path) -> Sequence[str]:
    rulings = read_claims(root / "claims.json")
    reported = [ruling for ruling in rulings if ruling["experiment"] == study.reported_experiment]
    parts = [
        "## The paper's claims",
        f"Experiment {study.reported_experiment}; [claims.md](claims.md) contains every rule and condition.",
        verdict_table(reported),
    ]
    return parts if len(study.experiments) == 1 else [*parts, "### In every experiment", _table(root, "robustness")]


def _audit(root: Path) -> str:
    lines = [f"- {line}" for line in read_summary(root / "audit.json")]
    return "\n".join([*lines, "", "Every check: [audit.md](audit.md)."])


def _table(root: Path, name: str) -> str:
    return read_text(root / "tables" / f"{name}.md")
