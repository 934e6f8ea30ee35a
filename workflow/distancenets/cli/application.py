"""The application that commands register themselves on."""

import typer

app = typer.Typer(
    name="distancenets",
    help="Reproduce, audit and extend 'Neural Networks Learn Distance Metrics' (arXiv 2502.02103).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
