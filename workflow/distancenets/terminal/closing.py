"""The last lines of a workflow run: verdicts under each protocol, the spot check, and the page's address."""

from pathlib import Path

from distancenets.claims.sides import RECHECK, sides
from distancenets.configuration.study import Study
from distancenets.errors import UserError
from distancenets.report.headline import counted
from distancenets.runs.recheck_record import read_rechecks, verdict


def closing_lines(study: Study, root: Path) -> list[str]:
    """Return the main results of the study in `root`; no lines if its report is not complete."""
    page = root / "report.html"
    if not page.exists():
        return []
    try:
        rows = [(side.name, counted(side.rulings)) for side in sides(study, root)]
        if study.report.beside:
            rows.append(("Spot check", verdict(read_rechecks(root / RECHECK))))
    except UserError as error:
        rows = [("Error", str(error))]
    rows.append(("Report", page.resolve().as_uri()))
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {text}" for name, text in rows]
