"""The command line: one module a command; each imports what is heavy only once it is called."""

import io
import sys
from pathlib import Path

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
from distancenets.installation import check_installation

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
    for stream in (sys.stdout, sys.stderr):
        # A locale without “–” or “α” must not end a study: such letters are printed as ?.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        check_installation(Path.cwd())
        app()
    except UserError as error:
        _stop(str(error))
    except ImportError as error:
        _stop(f"{error}: is another library on PYTHONPATH, or another environment active? `make env` makes .venv")
    except OSError as error:
        if error.filename is None:
            raise
        _stop(f"{error.filename}: {error.strerror}")


def _stop(message: str) -> None:
    print(f"error: {' '.join(message.splitlines())}", file=sys.stderr)
    sys.exit(1)
