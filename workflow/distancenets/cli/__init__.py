"""The command line: one module a command; each imports what is heavy only once it is called."""

import sys

from distancenets.cli import (
    archive,
    artifacts,
    audit,
    check,
    claims,
    collect,
    compare,
    data,
    figures,
    findings,
    fingerprint,
    geometry,
    measure,
    metrics,
    models,
    pin,
    plan,
    protocols,
    readme,
    report,
    robustness,
    show,
    statistics,
    summary,
    tables,
    train,
    verify,
)
from distancenets.cli.application import app
from distancenets.errors import UserError

# Importing a command's module registers it.
COMMANDS = (
    data,
    pin,
    models,
    train,
    fingerprint,
    collect,
    measure,
    statistics,
    claims,
    plan,
    tables,
    protocols,
    robustness,
    metrics,
    figures,
    geometry,
    audit,
    summary,
    report,
    readme,
    findings,
    show,
    compare,
    check,
    archive,
    verify,
    artifacts,
)


def main() -> None:
    """Run the command line; bad input becomes one line on standard error and exit code 1."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
