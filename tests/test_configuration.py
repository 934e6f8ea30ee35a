"""The configuration: what is refused, in one line that names the file and the key, before anything has run."""

import io
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from conftest import REPOSITORY, Workshop
from distancenets import cli, markdown
from distancenets.configuration.arguments import refuse_unreadable_studies
from distancenets.configuration.recipes import Recipe, study_recipe
from distancenets.configuration.settings import read_yaml
from distancenets.configuration.study import Study, load_study, parse_seeds, study_from_config
from distancenets.errors import UserError
from distancenets.figures.nodes import node_figure
from distancenets.tables.writers import latex

STUDY: dict[str, Any] = {"study": "s", "title": "t", "seeds": 3, "experiments": {"raw": {"epochs": 3}}}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refusal(folder: Path, text: str) -> str:
    """Return what the study in `text` is refused with, which must not take long."""
    path = folder / "study.yaml"
    path.write_text(text)
    begun = time.process_time()
    with pytest.raises(UserError) as caught:
        load_study(path)
    assert time.process_time() - begun < 10
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and len(line) < 600
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seeds: 2\nseeds: 3\n", "the key 'seeds' occurs twice"),
        ("experiments: {raw: {epochs: 1}, raw: {epochs: 2}}", "the key 'raw' occurs twice"),
        (BOMB, "more than 100,000 values with all aliases expanded"),
        (f"{BOMB}title: *i\n", "more than 100,000 values"),
        ("a: &a [*a]\n", "more than 100,000 values"),
        ("a: " + "[" * 2000 + "]" * 2000, "nested too deeply"),
        ("? [1, 2]\n: 3\n", "a key is not a single word"),
        ("a: 2024-13-45\n", "not valid YAML"),
    ],
)
def test_yaml_that_hides_something_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in refusal(tmp_path, text)


def test_anchors_and_merges_are_yaml(tmp_path: Path) -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: *x, <<: {c: 4}}\n"
    (tmp_path / "study.yaml").write_text(text)
    assert read_yaml(tmp_path / "study.yaml") == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"architectures": []}, "architectures: "),
        ({"representations": []}, "representations: "),
        (
            {"experiments": {"raw": {"epochs": 1, "architectures": ["relu_l2"], "representations": ["unconstrained"]}}},
            "experiments.raw: no model has one of the architectures relu_l2 and one of the representations unconstr",
        ),
        ({"report": {"experiment": "rough"}}, "report.experiment: no experiment 'rough' (known: raw"),
        ({"report": {"figure1": {"seed": 3}}}, "report.figure1.seed: 3 is out of range (0 to 2)"),
        ({"seeds": 10**9}, "seeds: Input should be less than or equal to 100000"),
        ({"seeds": 2**64 + 1}, "seeds: "),
        ({"experiments": {"raw": {"epochs": 2**31}}}, "experiments.raw.epochs: Input should be less than"),
        ({"experiments": {"raw": {"epochs": 1, "hidden": 10**25}}}, "experiments.raw.hidden: "),
        ({"experiments": {"raw": {"epochs": 1, "batch_size": 10**25}}}, "experiments.raw.batch_size"),
        (
            {"experiments": {"raw": {"epochs": 1, "learning_rate": float("inf")}}},
            "experiments.raw.optimiser.gradient_descent.learning_rate: ",
        ),
        ({"training": {"threads": 10**6}}, "training.threads: "),
        ({"title": ["x" * 10**6]}, "title: "),
        ({"statistics": {"resamples": 10**9}}, "statistics.resamples: Input should be less than or equal to 1000000"),
        ({"statistics": {"test_images": 10**30}}, "statistics.test_images: Input should be less than or equal to"),
        ({"claims": {"spread_ratio": float("inf")}}, "claims.spread_ratio: "),
        ({"claims": {"min_epochs": 10**30}}, "claims.min_epochs: Input should be less than or equal to 100000000"),
        ({"hours": 10**9}, "hours: Input should be less than or equal to 1000000"),
        (
            {"experiments": {"raw": {"epochs": 10**6, "milestones": [*range(1, 2000)]}}},
            "experiments.raw.milestones: Tuple should have at most 1000 items",
        ),
    ],
)
def test_a_study_that_cannot_be_run_is_refused(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(tmp_path, yaml.safe_dump(STUDY | changes))


def test_a_study_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes("study: s\ntitle: Größe\n".encode("latin-1"))
    with pytest.raises(UserError, match=f"^{path}: cannot be read: not UTF-8"):
        load_study(path)


def test_files_that_snakemake_read_are_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("seeds: 2\nseeds: 3\n")
    with pytest.raises(UserError, match="the key 'seeds' occurs twice"):
        study_from_config(STUDY, [path])


@pytest.mark.parametrize("text", ["0-10000000000", "18446744073709551617", "3"])
def test_seeds_beyond_the_study_s_are_refused_at_once(text: str) -> None:
    with pytest.raises(UserError, match=f"^--seeds {text}: seed .* is out of range"):
        parse_seeds(text, 3)


def test_a_changed_setting_that_is_wrong_is_named() -> None:
    with pytest.raises(UserError, match=r"^study: report\.figure1\.seed: 2 is out of range \(0 to 0\)"):
        study = Study.model_validate(STUDY | {"report": {"figure1": {"seed": 2}}})
        study.replaced(seeds=1)


def test_a_job_takes_the_threads_that_it_is_given(workshop: Workshop) -> None:
    settings = yaml.safe_load((workshop.folder / "config" / "config.yaml").read_text())
    settings["training"]["threads"] = 8
    (workshop.folder / "config" / "config.yaml").write_text(yaml.safe_dump(settings))
    assert workshop.train("--threads", "2").returncode == 0
    assert '"threads": 2' in next(workshop.results.rglob("run.json")).read_text()
    assert workshop.train("--threads", "0").returncode == 2


def test_what_the_system_refuses_is_one_line(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a folder in a file's place, wherever it is met."""
    (workshop.folder / "runs.csv").mkdir()
    where = ("--published", str(REPOSITORY / "config" / "published.yaml"))
    said = workshop.refused("figure", "final-accuracies", "runs.csv", "--experiment", "raw", "--stem", "figure", *where)
    assert said == "error: runs.csv: cannot be read: Is a directory"
    monkeypatch.setattr(cli, "_run", lambda: Path(workshop.folder / "runs.csv").read_text())
    assert workshop.refused() == f"error: {workshop.folder / 'runs.csv'}: Is a directory"


@pytest.mark.slow
def test_letters_that_a_terminal_lacks_do_not_end_a_command(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")
    process = workshop.start("models")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "OffsetL2" not in err and "?" in out, err
    process = workshop.start("train", "--architecture", "–", "--representation", "–")
    assert "error: " in process.communicate(timeout=60)[1] and process.returncode == 1


def test_brackets_are_no_markup(workshop: Workshop) -> None:
    """Rich reads [/x] as the end of a style: it was eaten, or crashed."""
    output = workshop.folder / "[/x] [bold]"
    assert workshop.train("--study-dir", str(output)).returncode == 0
    shown = workshop.run("show-run", str(next(output.rglob("run.json")).parent), "--study-dir", str(output))
    assert shown.returncode == 0 and "[/x] [bold]/runs" in shown.stdout
    source = {"kind": "folder", "path": "/nowhere/[/x]"}
    pins = yaml.safe_load((workshop.folder / "config" / "datasets.yaml").read_text())
    pins["tiny"]["sources"] = [source, source]
    (workshop.folder / "config" / "datasets.yaml").write_text(yaml.safe_dump(pins))
    (workshop.folder / "data" / "tiny").rename(workshop.folder / "data" / "gone")
    answer = workshop.train(model=("abs", "distance"))
    assert answer.returncode == 1 and answer.stderr.count("/nowhere/[/x]/train-images") > 1


@pytest.mark.parametrize("title", ["two\nlines", "\x1b[2J", "", "x" * 1001, "a\u2028b"])
def test_a_title_is_one_line(tmp_path: Path, title: str) -> None:
    assert refusal(tmp_path, yaml.safe_dump(STUDY | {"title": title})).startswith("title: ")


def test_a_title_is_shown_as_it_is_written() -> None:
    """In Markdown, in LaTeX and in a figure."""
    text = r"<b>a_b</b> *c* [d](e) $\frac$ 5% & #~^{}"
    assert markdown.plain(text) == r"\<b\>a\_b\</b\> \*c\* \[d\](e) \$\\frac\$ 5% \& \#\~^\{\}"
    written = latex(pd.DataFrame({"a": [1]}), text, "x")
    assert r"\$\textbackslash{}frac\$ 5\% \& \#\textasciitilde{}\textasciicircum{}\{\}" in written
    outputs = pd.DataFrame({"label": [0, 1], "output": [0.0, 1.0]})
    figure = node_figure(outputs, [r"$\frac$"] * 2, "title", "black")
    figure.savefig(io.BytesIO())


def test_a_study_that_is_not_utf_8_is_one_line_before_snakemake_reads_it(tmp_path: Path) -> None:
    study = tmp_path / "latin.yaml"
    study.write_bytes("title: Café\n".encode("latin-1"))
    for words in (["-n", "--configfile", "config/config.yaml", str(study), "-c1"], [f"--configfile={study}"]):
        with pytest.raises(SystemExit, match=r"^error: .*latin\.yaml: cannot be read: not UTF-8 \(byte 10\)"):
            refuse_unreadable_studies(words)
    refuse_unreadable_studies(["--configfile", "config/config.yaml", "--config", str(study)])


def test_a_run_goes_on_from_a_shorter_one_that_kept_as_much() -> None:
    paper = load_study(REPOSITORY / "config" / "paper.yaml")
    recipe = study_recipe(paper, "published", "relu", "unconstrained", REPOSITORY / "config" / "datasets.yaml")

    def trained(**settings: object) -> Recipe:
        return recipe.replaced(experiment=recipe.experiment.replaced(**settings).model_dump())

    longer = trained(epochs=900, milestones=(300,), record_every=30)
    assert longer.extends(trained(epochs=300, milestones=(), record_every=30))
    assert longer.extends(trained(epochs=600, milestones=(200, 300), record_every=10))
    assert not longer.extends(trained(epochs=600, milestones=(300,), record_every=40))
    assert not longer.extends(trained(epochs=600, milestones=(), record_every=30))
    assert not longer.extends(trained(epochs=900, milestones=(300,), record_every=30))
    assert not longer.extends(trained(epochs=300, milestones=(), record_every=30, hidden=64))
