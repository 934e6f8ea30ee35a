"""Pages and records of the claims' verdicts."""

import json
import re
from pathlib import Path

import pytest

from conftest import REPOSITORY, Workshop
from distancenets.audit.review import review
from distancenets.audit.serialization import write as write_audit
from distancenets.claims.judgement import judge_claims
from distancenets.claims.serialization import as_json, as_markdown, read, verdicts, write
from distancenets.claims.verdicts import Verdict
from distancenets.errors import UserError
from distancenets.measurements.registry import MEASUREMENTS
from distancenets.report.summary import ACCURACY_TABLES, summary
from numerical_samples import provenance_of
from synthetic_data import (
    AS_CLAIMED,
    RECORD,
    constructed,
    dead_outputs,
    geometry,
    judged,
    runs_of,
    study,
)


def test_pages_and_records_hold_every_ruling(tmp_path: Path) -> None:
    of = study()
    found = judge_claims(of, runs_of(constructed(AS_CLAIMED)), {}, RECORD)
    (tmp_path / "claims.json").write_text(as_json(found))
    entries = read(tmp_path / "claims.json")
    assert [entry["claim"] for entry in entries] == list(range(1, 15))
    assert {entry["verdict"] for entry in entries} == {"supported", "undetermined"}
    assert [entry["claim"] for entry in entries if entry["why"].startswith("not measured")] == [7, 8, 13, 14]
    assert verdicts(found)["raw"]["01 baselines alike"] == "supported"
    page = as_markdown(found, of)
    for entry in entries:
        assert entry["statement"] in page and entry["why"] in page and entry["rule"] in page
    for text in ("", "[1]", '{"a": 1}', "[{}]"):
        (tmp_path / "claims.json").write_text(text)
        with pytest.raises(UserError, match=r"claims\.json"):
            read(tmp_path / "claims.json")


def test_numbers_stand_beside_the_published_ones_whatever_the_verdict() -> None:
    few = runs_of(constructed({"ReLU": (96.5, 0.2), "Abs": (95.0, 0.1), "ReLU_Bias": (95.5, 0.2)}))
    assert judged(1, few[few["seed"] < 2], study()).verdict is Verdict.UNDETERMINED
    first, second = judged(1, few, study()).numbers
    assert first == ("ReLU", "96.62 ± 0.17", "96.50 ± 0.20") and second == ("Abs", "95.87 ± 0.22", "95.00 ± 0.10")
    assert judged(1, few[few["seed"] == 0], study()).numbers[0].measured == f"{few['test_accuracy'].iloc[0]:.2f}"
    bias = {number.quantity: number for number in judged(6, few, study()).numbers}
    assert bias["ReLU_Bias"] == ("ReLU_Bias", "95.69 ± 0.17", "95.50 ± 0.20")
    assert bias["ReLU"].published == "96.62 ± 0.17 (Table 2)" and bias["Abs2_Bias"].measured == "not trained"
    everything = runs_of(constructed(AS_CLAIMED))
    shares = judged(7, everything, activity=dead_outputs()).numbers
    assert shares[0].quantity == "ReLU2" and shares[0].published == "33.00 % dead"
    assert re.fullmatch(r"\d+\.\d\d ± \d+\.\d\d % dead", shares[0].measured)
    assert {share.published for share in shares[1:]} == {""}
    assert {share.measured for share in judged(7, everything).numbers} == {"not measured"}
    table = geometry("prototypes_by_run", 50_000, {})
    found = judged(14, everything, prototypes_by_run=table)
    assert [part.measured for part in found.parts] == [number.measured for number in found.numbers] != []
    begun = judged(14, everything, prototypes_by_run=table[table["seed"] < 3]).numbers
    assert len(begun) == 4
    assert re.fullmatch(r"preference of ReLU-L2-Neg for the centre \+0\.\d\d \(3 seeds\)", begun[0].measured)
    assert found.evidence == ("prototypes",) and judged(1, few).evidence == ("table2",)


def test_the_command_writes_verdicts_and_refuses_a_broken_measurement(workshop: Workshop) -> None:
    table = runs_of(constructed({name: AS_CLAIMED[name] for name in ("ReLU", "Abs")}), epochs=(6,))
    (workshop.folder / "runs.csv").write_text(table.to_csv(index=False))
    where = ["runs.csv", "--out-dir", "out", "--published", str(REPOSITORY / "config/published.yaml")]
    assert "1 baselines alike: undetermined; needs 5,000 epochs; 6 trained" in workshop.run("claims", *where).stdout
    entries = json.loads((workshop.folder / "out/claims.json").read_text())
    assert {entry["verdict"] for entry in entries} == {"undetermined"}
    (workshop.folder / "measurements").mkdir()
    (workshop.folder / "measurements/activity.csv").write_text("experiment,seed\nraw,0\n")
    line = workshop.refused("claims", *where)
    assert "measurements/activity.csv: column architecture is missing" in line


def test_the_summary_begins_with_the_claims(tmp_path: Path) -> None:
    of = study()
    found = judge_claims(of, runs_of(constructed(AS_CLAIMED)), {}, RECORD)
    write(found, of, tmp_path)
    write_audit(review(RECORD), tmp_path)
    (tmp_path / "tables").mkdir()
    for name in (*ACCURACY_TABLES, *MEASUREMENTS, "table1", "table4", "images", "protocols", "robustness"):
        (tmp_path / "tables" / f"{name}.md").write_text(f"the table {name}\n")
    provenance_of({"model": "ReLU"}, {"model": "ReLU"}, {"model": "Abs", "engine": "split"}).to_csv(
        tmp_path / "provenance.csv"
    )
    measured = ["raw,7,ReLU,0,95", "raw,7,ReLU,1,96", "raw,7,Abs,0,97"]
    (tmp_path / "runs.csv").write_text("\n".join(["experiment,epoch,model,seed,test_accuracy", *measured]))
    page = summary(of, tmp_path)
    assert "OffsetL2 as in the code; 2 models × 1–2 seeds, 7 epochs\n" in page
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings[:2] == ["# s: t", "## The paper's claims"]
    for entry in found:
        row = next(line for line in page.splitlines() if line.startswith(f"| {entry.claim.id} | "))
        assert entry.claim.statement in row and f"**{entry.verdict}**" in row and entry.why in row
    assert "the table protocols" in page and "the table robustness" not in page
    assert "Set behind the statistics" in page
    two = study(experiments={"raw": {"epochs": 50_000, "milestones": [5000]}, "wide": {"epochs": 5}})
    page = summary(two, tmp_path)
    assert "the table robustness" in page and "OffsetL2 as in the code; no run\n" in page
