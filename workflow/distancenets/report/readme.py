"""The README's results: put there by a command, so that they are those of the newest committed study."""

from pathlib import Path

from distancenets.audit.serialization import read_summary
from distancenets.claims.serialization import read as read_claims
from distancenets.claims.serialization import verdict_table
from distancenets.configuration.study import Study, load_study
from distancenets.errors import UserError
from distancenets.files import read_text
from distancenets.markdown import plain
from distancenets.report.coverage import extents
from distancenets.report.headline import sentence

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def with_results(readme: Path, study: Study, root: Path, default: Path) -> str:
    """Return the text of `readme` with the results of `study`, which lie in `root`, between its two marks.

    Below them stand the accuracies of the default study, which lie in `default`: what `make` leaves.

    Raises
    ------
    UserError
        The marks are missing, or the study's claims, accuracies or audit are.
    """
    text = read_text(readme)
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"{readme}: expected the marks {BEGIN} and {END}, once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{_results(study, root)}\n\n{_accuracies(default)}\n{END}{rest.split(END)[1]}"


def _results(study: Study, root: Path) -> str:
    experiment = study.experiments[study.reported_experiment]
    rulings = [entry for entry in read_claims(root / "claims.json") if entry["experiment"] == study.reported_experiment]
    figure = root / "figures" / f"final_accuracies_{study.reported_experiment}.png"
    extent = extents(root).get(study.reported_experiment, "no run")
    intro = (
        f"{extent} on {experiment.pixels} pixels. "
        f"**{sentence(rulings)}** All of it: [{root / 'summary.md'}]({root / 'summary.md'})."
    )
    parts = [
        f"## Results: {plain(study.title)}",
        intro,
        f"![Final test accuracies, every run a point]({figure})",
        *(read_text(root / "tables" / f"{name}.md").strip() for name in ("table2", "discussion", "protocols")),
        verdict_table(rulings).strip(),
        "### The published numbers against one another",
        "\n".join(f"- {line}" for line in read_summary(root / "audit.json")),
        f"Every check, with its intervals: [{root / 'audit.md'}]({root / 'audit.md'}).",
    ]
    return "\n\n".join(parts)


def _accuracies(root: Path) -> str:
    study = load_study(root / "study.yaml")
    figure = root / "figures" / f"final_accuracies_{study.reported_experiment}.png"
    parts = [
        f"### What `make` leaves: {plain(study.title)}",
        f"![Final test accuracies of the default study, every run a point]({figure})",
        read_text(root / "tables" / "table2.md").strip(),
        f"All of it: [{root / 'summary.md'}]({root / 'summary.md'}).",
    ]
    return "\n\n".join(parts)
