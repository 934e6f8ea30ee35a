"""The application that commands register with, and the panels of its help."""

from typing import Any

import typer
from typer.core import TyperGroup

from distancenets.errors import UserError

EVERYDAY, STEPS, MAINTENANCE = PANELS = ("Everyday", "Steps of the workflow", "Maintenance")

# Former spelling → present one.
RENAMED = {
    "data mnist": "data fetch mnist",
    "pin": "data pin",
    "show": "show-run",
    "compare": "compare-studies",
    "check": "check-runs",
    "artifacts": "check-dvc-cache",
    "metrics": "dvc-metrics",
    "tables": "table paper",
    "geometry-tables": "table measurements",
    "protocols": "table protocols",
    "robustness": "table robustness",
    "images": "table images",
    "figure node": "figure figure1",
    "figure geometry": "figure measurements",
    "measure node": "measure figure1",
    "measure correct": "measure networks",
    "measure activity": "measure networks",
    "measure projections": "measure networks",
    "measure orientation": "measure networks",
    "measure prototypes": "measure networks",
    "measure mahalanobis": "measure networks",
    "measure perturbation": "measure networks",
}
OUTPUT = "--study-dir (a study's folder), --out-dir (a folder for files) or --stem (a path without its extension)"


class Commands(TyperGroup):
    """Commands panel by panel; a former spelling is refused with the present one."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names panel by panel."""
        panels = {name: getattr(command, "rich_help_panel", MAINTENANCE) for name, command in self.commands.items()}
        return sorted(panels, key=lambda name: (PANELS.index(panels[name]), name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` name."""
        for former in (args[0], " ".join(args[:2])):
            if former in RENAMED:
                raise UserError(f"`distancenets {former}` has a new name: `distancenets {RENAMED[former]}`")
        if "--output" in args:
            raise UserError(f"--output has a new name: {OUTPUT}")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="distancenets",
    cls=Commands,
    help="Reproduce, audit and extend 'Neural Networks Learn Distance Metrics' (arXiv 2502.02103).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def group(name: str, text: str) -> typer.Typer:
    """Return a new group of commands for one step of the workflow."""
    made = typer.Typer(help=text, no_args_is_help=True)
    app.add_typer(made, name=name, rich_help_panel=STEPS)
    return made
