"""The command line. Commands import heavy libraries only when they are called."""

import io
import sys
from pathlib import Path


def main() -> None:
    """Run the command line; bad input becomes one line on standard error and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without “–” or “α” must not stop a study: such characters are printed as ?.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        _run()
    except ImportError as error:
        _stop(f"{error}: is another library on PYTHONPATH, or another environment active? `make env` makes .venv")
    except OSError as error:
        if error.filename is None:
            raise
        _stop(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> None:
    # Imported here, so that `main` also handles an interruption during the imports.
    from distancenets.cli.commands import app
    from distancenets.errors import UserError
    from distancenets.installation import check_installation

    try:
        check_installation(Path.cwd())
        app()
    except UserError as error:
        _stop(str(error))


def _stop(message: str) -> None:
    print(f"error: {' '.join(message.splitlines())}", file=sys.stderr)
    sys.exit(1)
