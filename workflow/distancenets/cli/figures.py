"""`distancenets figure …`: one figure as PNG and SVG."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, PUBLISHED, STUDY, DatasetsFile, PublishedFile, StudyFile

figure = typer.Typer(help="Draw a figure, as PNG and SVG.", no_args_is_help=True)
app.add_typer(figure, name="figure")

Output = Annotated[Path, typer.Option(help="The figure's path without its ending.")]


@figure.command("learning-curves")
def learning_curves(
    curves: Annotated[Path, typer.Argument(help="The study's learning_curves.parquet.")],
    output: Output,
    experiment: Annotated[str, typer.Option(help="The experiment to draw.")],
) -> None:
    """Draw train loss, train error and test error against epochs."""
    from distancenets.derived import read_derived
    from distancenets.figures.learning_curves import learning_curves_figure
    from distancenets.figures.style import use_style, write_figure

    use_style()
    write_figure(learning_curves_figure(read_derived(curves), experiment), output)


@figure.command("final-accuracies")
def final_accuracies(
    runs: Annotated[Path, typer.Argument(help="The study's runs.csv.")],
    output: Output,
    experiment: Annotated[str, typer.Option(help="The experiment to draw.")],
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw the test accuracy of every run at its milestones, beside the published means."""
    from distancenets.configuration.published import published as load_published
    from distancenets.derived import read_derived
    from distancenets.figures.accuracies import final_accuracies_figure
    from distancenets.figures.model_rows import title_of
    from distancenets.figures.style import use_style, write_figure
    from distancenets.statistics.published import printed_accuracies

    use_style()
    measured = read_derived(runs)
    chosen = measured[measured["experiment"] == experiment]
    printed = printed_accuracies(load_published(published).tables.values(), chosen)
    write_figure(final_accuracies_figure(chosen, printed, title_of(experiment, chosen)), output)


@figure.command("six-models")
def six_models(
    tables: Annotated[Path, typer.Argument(help="The study's folder of tables.")],
    output: Output,
) -> None:
    """Draw Table 2, the discussion's numbers and the measured accuracies of the six models."""
    from distancenets.derived import read_derived
    from distancenets.figures.six_models import six_models_figure
    from distancenets.figures.style import use_style, write_figure

    use_style()
    table2, discussion = (read_derived(tables / f"{name}.csv") for name in ("table2", "discussion"))
    write_figure(six_models_figure(table2, discussion), output)


@figure.command("node")
def node(
    outputs: Annotated[Path, typer.Argument(help="What `distancenets measure node` wrote.")],
    output: Output,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Draw Figure 1: what one hidden node gives for each class."""
    from distancenets.configuration.datasets import dataset
    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.figures.nodes import node_figure
    from distancenets.figures.style import colour, use_style, write_figure
    from distancenets.models.registry import find_model

    use_style()
    settings = load_study(study)
    chosen, name = settings.report.figure1, settings.reported_experiment
    model = find_model(chosen.architecture, chosen.representation)
    classes = dataset(settings.experiment(name).dataset, datasets).class_names
    epochs = settings.reported_epochs("figure1")
    title = f"{model.paper_name}, hidden node {chosen.node}, seed {chosen.seed}, {name}, {epochs:,} epochs"
    write_figure(node_figure(read_derived(outputs), classes, title, colour(model)), output)


@figure.command("differences")
def differences(
    comparisons: Annotated[Path, typer.Argument(help="The study's statistics/comparisons.csv.")],
    output: Output,
    experiment: Annotated[str, typer.Option(help="The experiment to draw.")],
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw the differences between the models that the paper compares, measured and published."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.figures.differences import differences_figure
    from distancenets.figures.style import use_style, write_figure
    from distancenets.statistics.published import printed_differences
    from distancenets.words import seeds_text

    use_style()
    settings, tables = load_study(study), load_published(published).tables
    epochs = settings.experiment(experiment).kept_nearest(tables["table2"].epochs)
    measured = read_derived(comparisons)
    chosen = (measured["experiment"] == experiment) & (measured["epoch"] == epochs) & measured["compared_in_paper"]
    rows = measured[chosen]
    seeds = seeds_text(rows[["n_a", "n_b"]].to_numpy().ravel().tolist())
    series = {"measured": rows}
    for name in ("table2", "discussion"):
        series[f"published, {tables[name].title}"] = printed_differences(tables[name], settings.statistics)
    statistics = settings.statistics
    title = f"{experiment}, {epochs:,} epochs, {seeds}; published: {tables['table2'].epochs:,} epochs"
    order = [f"{first} vs {second}" for first, second in statistics.comparisons]
    drawn = differences_figure(series, order, statistics.equivalence_margin, statistics.confidence, title)
    write_figure(drawn, output)


@figure.command("robustness")
def robustness(
    claims: Annotated[Path, typer.Argument(help="The study's claims.json.")],
    output: Output,
    study: StudyFile = STUDY,
) -> None:
    """Draw the verdicts on the claims in every experiment of the study."""
    from distancenets.claims.serialization import read
    from distancenets.configuration.study import load_study
    from distancenets.figures.robustness import verdicts_figure
    from distancenets.figures.style import use_style, write_figure
    from distancenets.tables.robustness import robustness_table
    from distancenets.words import seeds_text

    use_style()
    rulings = read(claims)
    title = f"{load_study(study).study}: the paper's claims, {seeds_text(ruling['seeds'] for ruling in rulings)}"
    write_figure(verdicts_figure(robustness_table(rulings), title), output)
