"""The README's results: put there by a command, so that they are those of the newest committed study."""

from pathlib import Path

from distancenets.configuration.study import Study
from distancenets.errors import UserError
from distancenets.files import read_text

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def with_results(readme: Path, study: Study, root: Path) -> str:
    """Return the text of `readme` with the results of `study`, which lie in `root`, between its two marks.

    Raises
    ------
    UserError
        The marks are missing, or a table of the study is.
    """
    text = read_text(readme)
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"{readme}: expected the marks {BEGIN} and {END}, once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{_results(study, root)}\n{END}{rest.split(END)[1]}"


def _results(study: Study, root: Path) -> str:
    experiment = study.experiments[study.reported_experiment]
    figure = root / "figures" / f"final_accuracies_{study.reported_experiment}.png"
    intro = (
        f"What `make` gives: {study.seeds} seeds of each model, {experiment.epochs:,} full-batch epochs on "
        f"{experiment.pixels} pixels. The paper's tables stand at 5,000 and 50,000, so this shows the machinery, "
        f"not yet a verdict. All of it: [{root / 'summary.md'}]({root / 'summary.md'})."
    )
    table = read_text(root / "tables" / "table2.md").strip()
    return f"## The default study\n\n{intro}\n\n![Final test accuracies, every run a point]({figure})\n\n{table}"
