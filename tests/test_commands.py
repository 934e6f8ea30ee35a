"""The command line as a whole: its help, and the former spellings of its commands."""

import pytest
import typer
from typer.testing import CliRunner

from conftest import Workshop
from distancenets.cli.application import PANELS, RENAMED, Commands
from distancenets.cli.commands import app


def test_the_help_fits_a_screen_and_lists_every_command_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = CliRunner().invoke(app, ["--help"], terminal_width=100).output.strip().splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
    command = typer.main.get_command(app)
    assert isinstance(command, Commands)
    assert [line.split()[1] for line in lines if line.startswith("│ ")][1:] == command.list_commands(None)
    assert [panel for panel in PANELS if not any(panel in line for line in lines)] == []


@pytest.mark.parametrize("former", RENAMED)
def test_a_former_spelling_is_refused_with_a_present_one(former: str, workshop: Workshop) -> None:
    present = RENAMED[former]
    line = workshop.refused(*former.split(), "anything")
    assert line.endswith(f"`distancenets {former}` has a new name: `distancenets {present}`")
    assert workshop.run(*present.split(), "--help").returncode == 0


def test_the_former_option_of_all_commands_is_refused_with_the_present_ones(workshop: Workshop) -> None:
    assert "--output has a new name: --study-dir (" in workshop.refused("collect", "--output", "elsewhere")
    assert "--output has a new name: --study-dir (" in workshop.refused("table", "paper", "runs.csv", "--output", "x")
