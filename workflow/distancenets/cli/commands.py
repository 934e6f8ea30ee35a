"""All commands; importing a module registers its commands."""

from distancenets.cli import analysis, data, figures, maintenance, publish, recheck, tables, train
from distancenets.cli.application import app

__all__ = ("COMMANDS", "app")

COMMANDS = (train, data, analysis, tables, figures, publish, recheck, maintenance)
