"""`distancenets models`: what there is to train."""

from rich.console import Console
from rich.table import Table

from distancenets.cli.application import app


@app.command("models")
def list_models() -> None:
    """List the models: their axes, the paper's names, and what each computes from its hidden features h."""
    from distancenets.models.registry import models

    table = Table("paper", "architecture", "representation", "hidden features h", "outputs", box=None)
    for model in models():
        hidden = model.activation.formula.replace("z", "Wx + b")
        table.add_row(model.paper_name, model.architecture, model.representation.name, hidden, model.formula)
    Console(width=max(Console().width, 100), markup=False).print(table)
