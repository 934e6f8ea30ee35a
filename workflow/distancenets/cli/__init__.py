"""The command line: one module a command; each imports what is heavy only once it is called."""

import sys

import typer

from distancenets.errors import UserError

app = typer.Typer(
    name="distancenets",
    help="Reproduce, audit and extend 'Neural Networks Learn Distance Metrics' (arXiv 2502.02103).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.callback()(lambda: None)  # or typer would drop the name of an only command


@app.callback()
def _commands() -> None:
    """Keep the name of the command on the command line, also while there is only one."""


@app.callback()
def commands() -> None:
    """Keep the names of commands in the command line even while there is only one."""


def main() -> None:
    """Run the command line; bad input becomes one line on standard error and exit code 1."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


from distancenets.cli import audit as _audit  # noqa: E402, F401  (registers its command; needs `app`)
from distancenets.cli import data  # noqa: E402, F401
from distancenets.cli import statistics  # noqa: E402, F401
