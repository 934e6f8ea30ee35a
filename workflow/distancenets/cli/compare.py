"""`distancenets compare`: the differences between two studies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS

if TYPE_CHECKING:
    from distancenets.tables.study_comparison import Finished


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A study's name, or its folder.")],
    second: Annotated[str, typer.Argument(help="Another's; every difference is the first minus the second.")],
    csv: Annotated[Path | None, typer.Option(help="Write the models' differences to this CSV file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this JSON file.")] = None,
) -> None:
    """Compare two studies: settings, test accuracies model by model with intervals, and models that only one has.

    Experiments of the same name are compared, or, where there are none, the two that are reported; at the milestones
    that both have, or, where there are none, at the last of each.
    """
    from rich.console import Console

    from distancenets.files import write_text
    from distancenets.tables.study_comparison import differences_table, lone_models, settings_table
    from distancenets.terminal.comparison import as_json, comparison_sheet

    a, b = _finished(first), _finished(second)
    settings, differences, lone = settings_table(a.study, b.study), differences_table(a, b), lone_models(a, b)
    if csv is not None:
        write_text(csv, differences.to_csv(index=False, na_rep="NaN", lineterminator="\n"))
    if json is not None:
        write_text(json, as_json(first, second, settings, differences, lone))
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, 110)
    for part in comparison_sheet(first, second, settings, differences, lone, a.study.statistics.confidence):
        console.print(part)


def _finished(name: str) -> "Finished":
    from distancenets.configuration.study import load_study
    from distancenets.errors import UserError
    from distancenets.statistics.runs import read_runs
    from distancenets.tables.study_comparison import Finished

    folder = next((path for path in (RESULTS / name, Path(name)) if (path / "study.yaml").is_file()), None)
    if folder is None:
        known = ", ".join(sorted(path.parent.name for path in RESULTS.glob("*/study.yaml"))) or "none"
        raise UserError(f"{name}: neither a study in {RESULTS}/ (there are: {known}) nor a folder with a study.yaml")
    return Finished(load_study(folder / "study.yaml"), read_runs(folder / "runs.csv"))
