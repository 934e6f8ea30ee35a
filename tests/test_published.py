"""The published record: what it holds, and what it refuses."""

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from distancenets.configuration.published import TABLES, Published, load_published
from distancenets.errors import UserError

RECORD = Path(__file__).parents[1] / "config" / "published.yaml"
SOURCES = Path(__file__).parents[1] / "workflow" / "distancenets"


@pytest.fixture(scope="module")
def record() -> Published:
    return load_published(RECORD)


@pytest.fixture
def values() -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load(RECORD.read_text(encoding="utf-8")))


def refusal(values: dict[str, Any], folder: Path) -> str:
    path = folder / "published.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        load_published(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_the_tables_hold_every_printed_pair(record: Published) -> None:
    printed = {
        "table2": "95.87 0.22 96.62 0.17 95.95 0.17 92.25 2.07 56.31 19.31 96.46 0.17",
        "table3": "95.23 0.16 95.69 0.17 95.38 0.17 90.53 2.36 39.94 18.84 94.92 0.18",
        "table5": "95.87 0.22 96.62 0.17 95.95 0.17 92.25 2.07 56.31 19.31 96.46 0.17"
        " 97.33 0.13 97.36 0.14 97.61 0.07 97.56 0.09",
        "discussion": "95.26 0.19 95.64 0.19 95.35 0.17 90.08 2.56 47.20 12.00 94.93 0.15",
    }
    assert tuple(record.tables) == TABLES
    for key, expected in printed.items():
        assert " ".join(f"{row.mean} {row.sd}" for row in record.tables[key].rows) == expected
        assert record.tables[key].runs == 20
    assert {key: table.epochs for key, table in record.tables.items()} == {
        "table2": 5000,
        "table3": 5000,
        "table5": 50000,
        "discussion": 5000,
    }


def test_a_row_is_found_by_its_axes_and_keeps_its_printed_name_and_decimals(record: Published) -> None:
    row = record.tables["table3"].row("relu_bias", "distance")
    assert row is not None
    assert (row.printed, row.mean, row.place) == ("ReLU2_Neg", Decimal("94.92"), "Table 3, row ReLU2_Neg")
    spread = record.tables["discussion"].row("relu", "intensity")
    assert spread is not None
    assert str(spread.sd) == "12.00"
    assert record.tables["table3"].row("relu", "distance") is None


def test_tables_3_and_5_print_the_biased_negations_under_the_same_names(record: Published) -> None:
    for key in ("table3", "table5"):
        negated = [record.tables[key].row(name, "distance") for name in ("abs_bias", "relu_bias")]
        assert [row and row.printed for row in negated] == ["Abs2_Neg_Bias", "ReLU2_Neg"]


def test_only_table_2_has_a_caption_that_promises_more_than_it_prints(record: Published) -> None:
    promising = {key: table.promises for key, table in record.tables.items() if table.promises}
    wanted = ("mean", "standard deviation", "95 % confidence intervals", "number of trials")
    assert promising == {"table2": wanted}
    assert record.tables["table2"].prints == wanted[:2]


def test_only_the_two_baselines_of_the_discussion_are_outside_the_paper(record: Published) -> None:
    outside = [(key, row.printed) for key, table in record.tables.items() for row in table.rows if not row.in_paper]
    assert outside == [("discussion", "Abs"), ("discussion", "ReLU")]


def test_the_tests_hold_every_printed_statistic(record: Published) -> None:
    expected = [
        ("ReLU vs Abs", "1.14", "0.26", None, "0.37", "no statistically significant difference"),
        ("ReLU2 vs ReLU", "-17.33", None, "0.001", "5.56", None),
        ("Abs2 vs Abs", "1.4967", "0.1427", None, "0.47", "statistically indistinguishable"),
        ("ReLU2-Neg vs ReLU2", "-17.33", None, "0.001", "5.48", None),
        ("ReLU2-Neg vs ReLU", "-12.78", None, "0.001", "4.04", "statistically comparable"),
        ("Abs2-Neg vs Abs", "-8.81", None, "0.001", "2.79", None),
        ("Abs2-Neg vs Abs2", "8.97", None, "0.001", "2.84", None),
    ]
    found = [
        (
            test.comparison,
            str(test.t),
            None if test.p.equals is None else str(test.p.equals),
            None if test.p.below is None else str(test.p.below),
            str(test.d),
            test.wording,
        )
        for test in record.tests
    ]
    assert found == expected
    assert {test.df for test in record.tests} == {38}
    assert {test.place for test in record.tests} == {"section 5, Experimental Results"}
    assert [(str(test.sd_first), str(test.sd_second)) for test in record.tests if test.sd_first] == [("2.56", "0.17")]


def test_activity_compute_figure_and_claims_are_there(record: Published) -> None:
    shares = {entry.id: [str(value) for value in entry.percent] for entry in record.activity}
    assert shares == {
        "relu2_never_paper": ["33.00"],
        "relu2_rarely_paper": ["53.50"],
        "relu2_never_notes": ["22"],
        "relu2_rarely_notes": ["53.50"],
        "no_dead_nodes": [],
        "first_relu_layer": ["0.1", "0.5"],
    }
    assert {entry.id: str(entry.active_below) for entry in record.activity if entry.active_below} == {
        "relu2_rarely_paper": "5",
        "relu2_rarely_notes": "1",
    }
    assert (record.compute.about_hours, record.compute.device) == (Decimal(8), "RTX 3070 Ti")
    assert record.figures["figure1"].node == 39
    assert [claim.id for claim in record.claims] == list(range(1, 15))
    assert [claim.id for claim in record.claims if not claim.measured] == [13, 14]


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (
            ("tables", "table2", "rows", 0, "mean"),
            95.87,
            "tables.table2.rows.0.mean: a printed number is a quoted",
        ),
        (("tables", "table2", "rows", 0, "sd"), 1, "tables.table2.rows.0.sd: a printed number is a quoted"),
        (
            ("tables", "table3", "rows", 1, "mean"),
            "high",
            "tables.table3.rows.1.mean: expected a printed number",
        ),
        (
            ("tables", "table3", "rows", 1, "mean"),
            "nan",
            "tables.table3.rows.1.mean: expected a printed number",
        ),
        (
            ("tables", "table3", "rows", 1, "mean"),
            "195.87",
            "tables.table3.rows.1.mean: Input should be less",
        ),
        (("tables", "table3", "rows", 1, "architecture"), "elu", "tables.table3.rows.1.architecture: "),
        (("tables", "table3", "rows", 1, "colour"), "red", "tables.table3.rows.1: unknown key 'colour'"),
        (("tables", "table5", "runs"), "20", "tables.table5.runs: "),
        (
            ("tables", "table5", "rows", 6, "representation"),
            "unconstrained",
            "tables.table5.rows.6: an OffsetL2",
        ),
        (
            ("tables", "table2", "rows", 1, "architecture"),
            "abs",
            "tables.table2: rows: 'abs unconstrained' is",
        ),
        (("tests", 0, "t"), 1.14, "tests.0.t: a printed number is a quoted string"),
        (
            ("tests", 0, "p"),
            {"equals": "0.2", "below": "0.3"},
            "tests.0.p: expected either 'equals' or 'below'",
        ),
        (("tests", 0, "p"), {}, "tests.0.p: expected either 'equals' or 'below'"),
        (("tests", 0, "claim"), 99, "tests: relu_abs: claim 99 is not among the claims"),
        (("tests", 1, "id"), "relu_abs", "tests: 'relu_abs' is listed 2 times"),
        (("activity", 0, "percent"), [], "activity.0: expected 'percent' or 'statement'"),
        (("activity", 0, "percent"), [33.0], "activity.0.percent.0: a printed number is a quoted string"),
        (("activity", 0, "nodes"), None, "activity.0: 'percent' needs 'nodes' and 'runs'"),
        (("activity", 2, "runs"), 1, "activity.2: 'counts' needs 'nodes' and at least 2 'runs'"),
        (("activity", 2, "nodes"), 2, "activity.2: 'counts' has a mean of 2.20 of 2 nodes"),
        (("activity", 2, "counts", "deviation"), "either", "activity.2.counts.deviation: "),
        (("tables", "table2", "rows", 0, "sd"), "-0.01", "tables.table2.rows.0.sd: Input should be greater"),
        (("claims", 10, "figures", 0, "table"), "table2", "claims: 11: no row abs_l2 intensity in 'table2'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_file_and_key(
    keys: tuple[Any, ...], value: object, said: str, values: dict[str, Any], tmp_path: Path
) -> None:
    place = values
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    assert refusal(values, tmp_path).startswith(said)


def test_a_printed_sd_of_zero_is_accepted(values: dict[str, Any], tmp_path: Path) -> None:
    values["tables"]["table2"]["rows"][0]["sd"] = "0.00"
    path = tmp_path / "published.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    row = load_published(path).tables["table2"].row("abs", "unconstrained")
    assert row is not None and str(row.sd) == "0.00"


def test_a_missing_table_is_refused(values: dict[str, Any], tmp_path: Path) -> None:
    del values["tables"]["table3"]
    assert refusal(values, tmp_path) == "tables: 'table3' is missing"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: cannot be read"):
        load_published(tmp_path / "nowhere.yaml")


def test_the_record_survives_being_dumped_and_validated_again(record: Published) -> None:
    assert record.replaced() == record


def test_no_published_number_stands_in_the_code(record: Published) -> None:
    means = {str(row.mean) for table in record.tables.values() for row in table.rows}
    spreads = {str(row.sd) for table in record.tables.values() for row in table.rows if row.sd >= 1}
    statistics = {str(abs(test.t)) for test in record.tests}
    assert {"95.87", "56.31", "17.33"} < means | spreads | statistics
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert [number for number in means | spreads | statistics if number in text] == [], path
