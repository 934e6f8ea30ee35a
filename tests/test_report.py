"""The report's parts: the verdict in a sentence, tables read back, downloads, provenance, the plot's series."""

import base64
import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from conftest import REPOSITORY, Workshop
from distancenets.claims.sides import sides, study_beside
from distancenets.configuration.study import Study, load_study, write_study
from distancenets.errors import UserError
from distancenets.files import sealed_text
from distancenets.markdown import markdown_table, parse_table
from distancenets.report import embedded_files
from distancenets.report.embedded_files import Downloads
from distancenets.report.headline import answer, sentence
from distancenets.report.learning_curves import mean_curves, plotted
from distancenets.report.provenance import facts, read_provenance
from distancenets.runs.provenance import cost
from distancenets.runs.recheck_record import TABLE
from distancenets.terminal.closing import closing_lines
from numerical_samples import provenance_of


def ruling(verdict: str, epochs: int | None = None, seeds: int | None = None) -> dict[str, object]:
    return {"verdict": verdict, "epochs_needed": epochs, "seeds_needed": seeds}


@pytest.mark.parametrize(
    ("rulings", "expected"),
    [
        (
            [ruling("undetermined", 5000, 10), ruling("undetermined", 50_000, 10)],
            "This study decides none of the paper's 2 claims. "
            "The next look at the undetermined claims needs up to 50,000 epochs and 10 seeds.",
        ),
        (
            [ruling("mixed"), ruling("supported"), ruling("undetermined", None, 42), ruling("supported")],
            "Of the paper's 4 claims, 2 are supported, 1 mixed and 1 undetermined. "
            "The next look at the undetermined claims needs up to 42 seeds.",
        ),
        ([ruling("contradicted")], "Of the paper's 1 claims, 1 is contradicted."),
        ([ruling("undetermined")], "This study decides none of the paper's 1 claims."),
    ],
)
def test_the_verdict_counts_every_claim(rulings: list[dict[str, object]], expected: str) -> None:
    assert sentence(rulings) == expected


def test_a_table_in_markdown_is_read_back_as_it_was_written() -> None:
    rows = [("a | b", "−4.42"), ("", "1")]
    table = parse_table(f"**A caption**\n\n{markdown_table(['what', 'number'], rows, [False, True])}")
    assert (table.header, table.right) == (["what", "number"], [False, True])
    assert [tuple(row) for row in table.rows] == rows
    with pytest.raises(ValueError, match="no table"):
        parse_table("| only a header |")


def test_a_page_holds_a_file_once_and_no_large_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tables" / "numbers.csv"
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n" * 10)
    page = Downloads(tmp_path)
    found = page.file("tables/numbers.csv")
    assert (found.path, found.name, found.size) == ("tables/numbers.csv", "tables_numbers.csv", "80 bytes")
    kind, _, content = str(found.address).partition(";base64,")
    assert kind == "data:text/csv" and base64.b64decode(content) == path.read_bytes()
    again = page.file("tables/numbers.csv")
    assert again.repeated and again.address is None and again.name == found.name
    monkeypatch.setattr(embedded_files, "PLAIN", 79)
    packed = Downloads(tmp_path).file("tables/numbers.csv")
    assert (packed.path, packed.size) == ("tables/numbers.csv.gz", "80 bytes, compressed")
    assert gzip.decompress(base64.b64decode(str(packed.address).partition(",")[2])) == path.read_bytes()
    monkeypatch.setattr(embedded_files, "LARGEST", 20)
    assert Downloads(tmp_path).file("tables/numbers.csv") == ("tables/numbers.csv", "80 bytes", None, False)
    with pytest.raises(UserError, match=r"other\.csv: cannot be read"):
        page.file("other.csv")


def trained(workshop: Workshop) -> Path:
    """Train one model in two packs and collect its runs; return provenance.csv."""
    config = workshop.folder / "config/config.yaml"
    text = config.read_text().replace("seeds: 4", "seeds: 3")
    text = text.replace("node: 3", "node: 3\n    representation: distance")
    config.write_text(f"{text}architectures: [relu]\nrepresentations: [distance]\n")
    for seeds in ("0-1", "2"):
        assert workshop.train("--seeds", seeds).returncode == 0
    answer = workshop.run("collect")
    assert answer.returncode == 0, answer.stderr
    return workshop.results / "provenance.csv"


def test_provenance_has_a_row_a_run_and_counts_a_pack_once(workshop: Workshop) -> None:
    path = trained(workshop)
    table = read_provenance(path)
    assert table["seed"].tolist() == [0, 1, 2] and table["pack"].tolist() == ["0 1", "0 1", "2"]
    run = workshop.results / "runs/experiment~raw/architecture~relu/representation~distance/seed~1/run.json"
    written = json.loads(run.read_text())
    row = table.iloc[1]
    assert row["digest"] == written["digest"] and row["code_fingerprint"] == written["code"]["fingerprint"]
    assert (row["torch"], row["device"]) == (written["libraries"]["torch"], written["device"]["kind"])
    assert written["device"]["cpu_instructions"] == torch.backends.cpu.get_cpu_capability()
    hours = (table["seconds"][0] + table["seconds"][2]) / 3600
    assert cost(table) == pytest.approx((hours, 0.0))
    assert cost(table.assign(threads=4)) == pytest.approx((4 * hours, 0.0))
    assert cost(table.assign(device="cuda", threads=4)) == pytest.approx((0.0, hours))
    run.write_text(sealed_text(written | {"digest": "0" * 64}))
    assert "seed~1/run.json: made with other parameters" in workshop.refused("collect")
    run.write_text(sealed_text({key: value for key, value in written.items() if key != "pack"}))
    assert "seed~1/run.json: not the provenance of a run ('pack')" in workshop.refused("collect")


def test_facts_name_what_differs_between_runs(tmp_path: Path) -> None:
    found = {
        fact.heading: list(fact.lines)
        for fact in facts(provenance_of({}, {"device_name": "another", "code_revision": None}))
    }
    assert found["Python"] == ["3.11"]
    assert found["Device"] == ["cpu, a CPU (1 of 2 runs)", "cpu, another (1 of 2 runs)"]
    assert found["Code"][1] == f"version 1, revision unknown, fingerprint {'d' * 12} (1 of 2 runs)"
    assert found["Training cost"] == ["0.02 CPU-hours"]
    table = provenance_of({}, {"device": "cuda"})
    assert dict(facts(table))["Training cost"] == ["0.01 CPU-hours and 0.01 GPU-hours"]
    table.drop(columns="engine").to_csv(tmp_path / "provenance.csv")
    with pytest.raises(UserError, match=r"provenance\.csv: column engine is missing"):
        read_provenance(tmp_path / "provenance.csv")
    with pytest.raises(UserError, match=r"none\.csv: cannot be read"):
        read_provenance(tmp_path / "none.csv")


def test_the_plot_draws_the_mean_curves_that_were_written(tmp_path: Path) -> None:
    study = load_study(REPOSITORY / "config" / "config.yaml").replaced(architectures=["relu", "relu_l2"])
    folder = tmp_path / "curves" / "usual"
    folder.mkdir(parents=True)
    runs = "experiment,epoch,model,seed,test_accuracy\n"
    # ReLU-L2 has not been trained yet: where missing runs are skipped, a study may have any part of its models.
    for number, model in enumerate(model for model in study.models("usual") if model.paper_name != "ReLU-L2"):
        rows = f"epoch,train_loss,train_accuracy,test_accuracy\n0,2.3,10.0,{number}.5\n150,0.4,90.0,88.25\n"
        (folder / f"{model.architecture}_{model.representation.name}.csv").write_text(rows)
        runs += f"usual,150,{model.paper_name},0,88.25\n"
    (tmp_path / "runs.csv").write_text(runs)
    means = mean_curves(study, tmp_path, "usual")
    series = plotted(study, means, "usual")
    assert [entry["name"] for entry in series["models"]] == ["ReLU", "ReLU2", "ReLU2-Neg", "ReLU-L2-Neg"]
    assert [entry["shown"] for entry in series["models"]] == [True, True, True, False]
    assert series["models"][1]["epoch"] == [0, 150] and series["models"][1]["test_error"] == [98.5, 11.75]
    (folder / "relu_l2_distance.csv").write_text("epoch\n0\n")
    with pytest.raises(UserError, match=r"relu_l2_distance\.csv: column train_loss is missing"):
        mean_curves(study, tmp_path, "usual")


def test_the_report_names_the_file_that_is_missing(workshop: Workshop) -> None:
    line = workshop.refused("report", "--published", str(REPOSITORY / "config/published.yaml"))
    assert line == "error: results/small/claims.json: cannot be read: No such file or directory"
    assert not (workshop.results / "report.html").exists()


@pytest.fixture
def two(workshop: Workshop) -> tuple[Study, Path]:
    """A study that is shown beside another, `other`, and its folder; of both there are claims and runs."""
    claims = {"other": ["supported", "contradicted", "undetermined"], "small": ["undetermined", "mixed", "mixed"]}
    text = (workshop.folder / "config" / "config.yaml").read_text()
    (workshop.folder / "config" / "other.yaml").write_text(text.replace("study: small", "study: other"))
    study = load_study(workshop.folder / "config" / "config.yaml")
    unsaid = dict.fromkeys(("why", "seeds", "flips", "alpha_holm"))
    beside = {"beside": workshop.folder / "config" / "other.yaml"}
    for name, verdicts in claims.items():
        root = workshop.folder / "results" / name
        write_study(root / "study.yaml", study.replaced(study=name))
        rulings = [
            unsaid | {"claim": place, "name": f"claim {place}", "experiment": experiment, "verdict": verdict}
            for experiment in ("raw", "elsewhere")
            for place, verdict in enumerate(verdicts, 1)
        ]
        (root / "claims.json").write_text(json.dumps(rulings))
    return study.replaced(report=study.report.model_dump() | beside), workshop.results


def rechecks(*standards: str, equal: bool = True) -> pd.DataFrame:
    """Return a table of rechecks of one model, a run per standard."""
    row = dict.fromkeys(TABLE) | {"experiment": "raw", "architecture": "relu", "representation": "distance"}
    row |= {"epoch": 3, "column": "test_accuracy", "archived": 90.0, "found": 90.5, "rechecked_on": "a CPU", "draw": 7}
    rows = [row | {"seed": seed, "standard": standard, "equal": equal} for seed, standard in enumerate(standards)]
    return pd.DataFrame(rows, columns=list(TABLE))


def test_the_answer_is_a_sentence_for_each_protocol(two: tuple[Study, Path]) -> None:
    assert answer(sides(*two)) == (
        "Under the other's protocol, 1 of 3 claims is supported (claim 1), 1 contradicted (claim 2) and "
        "1 undetermined. "
        "Under the raw protocol, 2 of 3 claims are mixed (claim 2, claim 3) and 1 undetermined."
    )
    alone = two[0].replaced(report=two[0].report.model_dump() | {"beside": None})
    assert [side.label for side in sides(alone, two[1])] == ["raw protocol"]


def test_a_study_beside_that_cannot_be_shown_is_one_line(two: tuple[Study, Path], tmp_path: Path) -> None:
    study, root = two
    with pytest.raises(UserError, match=r"report\.beside: .*other/archive contains no run of .*other\.yaml"):
        study_beside(study, root.parent)
    with pytest.raises(UserError, match=r"report\.beside: .*other\.yaml is study 'other' itself"):
        study_beside(study.replaced(study="other"), root.parent)
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        study_beside(study.replaced(report=study.report.model_dump() | {"beside": tmp_path / "none.yaml"}), root.parent)
    assert study_beside(study.replaced(report=study.report.model_dump() | {"beside": None}), root.parent) is None


def test_the_last_lines_are_verdicts_check_and_page(two: tuple[Study, Path]) -> None:
    study, root = two
    assert closing_lines(study, root) == []
    (root / "report.html").touch()
    rechecks("bit", "bit", "tolerance").to_csv(root / "recheck.csv", index=False)
    assert closing_lines(study, root) == [
        "Other's protocol  1 supported, 1 contradicted, 1 undetermined",
        "Raw protocol      2 mixed, 1 undetermined",
        "Spot check        2 of 3 runs came out again to the bit and 1 within the tolerance of another engine or code"
        " on a CPU (draw 7)",
        f"Report            {(root / 'report.html').as_uri()}",
    ]
    rechecks("bit", equal=False).to_csv(root / "recheck.csv", index=False)
    difference = "raw/relu/distance/0: test accuracy at epoch 3 differs by +0.5"
    assert closing_lines(study, root)[0] == f"Error   1 of 1 runs differ from the archive (draw 7); {difference}"
