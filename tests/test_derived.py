"""Files that a later stage reads: as their writer left them, or refused by name."""

import random
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import REPOSITORY, Workshop, open_workshop
from distancenets.claims.serialization import read as read_claims
from distancenets.datasets.store import Dataset
from distancenets.derived import deriving, read_derived
from distancenets.errors import Damaged, UserError
from distancenets.report.provenance import read_provenance
from distancenets.statistics.runs import read_runs
from run_helpers import MODEL

PUBLISHED = ("--published", str(REPOSITORY / "config" / "published.yaml"))
FLIPS = 20
READERS: dict[str, Callable[[Path], object]] = {
    "runs.csv": read_runs,
    "learning_curves.parquet": read_derived,
    "provenance.csv": read_provenance,
    "measurements/activity.csv": read_derived,
    "measurements/projections_by_class.parquet": read_derived,
    "measurements/figure1.csv": read_derived,
    "claims.json": read_claims,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Workshop:
    """One model's runs, collected, measured and judged."""
    workshop = open_workshop(tmp_path_factory.mktemp("written"), mnist)
    path = workshop.folder / "config" / "config.yaml"
    study = yaml.safe_load(path.read_text()) | {"architectures": [MODEL[0]], "representations": [MODEL[1]], "seeds": 2}
    study["report"]["figure1"] |= {"architecture": MODEL[0], "representation": MODEL[1]}
    path.write_text(yaml.safe_dump(study))
    assert workshop.train("--seeds", "0-1").returncode == 0
    runs = str(workshop.results / "runs.csv")
    claims = ("claims", runs, "--out-dir", str(workshop.results), *PUBLISHED)
    for command in (["collect"], *(["measure", name] for name in ("figure1", "networks")), claims):
        answer = workshop.run(*command)
        assert answer.returncode == 0, answer.stderr
    return workshop


@pytest.fixture
def place(written: Workshop, tmp_path: Path) -> Workshop:
    shutil.copytree(written.folder, tmp_path / "place")
    return Workshop(tmp_path / "place")


def test_an_accuracy_set_by_hand_is_refused_by_every_reader(place: Workshop) -> None:
    path = place.results / "runs.csv"
    table = pd.read_csv(path)
    table.loc[1, "test_accuracy"] = 77.77
    table.to_csv(path, index=False)
    out = str(place.folder / "out")
    for command in (
        ["statistics", str(path), "--out-dir", out],
        ["claims", str(path), "--out-dir", out, *PUBLISHED],
        ["table", "paper", str(path), "--out-dir", out, *PUBLISHED],
        ["table", "protocols", str(path), "--stem", out, *PUBLISHED],
        ["figure", "final-accuracies", str(path), "--stem", f"{out}.svg", "--experiment", "raw", *PUBLISHED],
        ["dvc-metrics"],
    ):
        line = place.refused(*command)
        assert "runs.csv: changed after it was written; delete it" in line
    assert not (place.folder / "out").exists()
    assert place.run("collect").returncode == 0 and place.run("dvc-metrics").returncode == 0


@pytest.mark.parametrize("name", READERS)
def test_a_flipped_bit_anywhere_is_noticed_by_name(place: Workshop, name: str) -> None:
    path = place.results / name
    READERS[name](path)
    content, draw = path.read_bytes(), secrets.randbits(32)
    print(f"draw {draw}")
    places = random.Random(draw)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        damaged[places.randrange(len(content))] ^= 1 << places.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(Damaged, match=f"{re.escape(str(path))}: changed after it was written"):
            READERS[name](path)


def test_a_damaged_listing_is_named(place: Workshop) -> None:
    listing = place.results / "digests" / "collect.json"
    listing.write_text(listing.read_text().replace("runs.csv", "rums.csv"))
    assert "digests/collect.json: " in place.refused("dvc-metrics")


@pytest.mark.parametrize("content", ["", '"', "a,b\n1,2\n", "\0", "a\n1,2\n"])
def test_a_file_without_a_listing_must_be_such_a_table(tmp_path: Path, content: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=re.escape(str(path))):
        read_derived(path, ("seed",))


def test_a_killed_writer_leaves_no_listing(tmp_path: Path) -> None:
    """What it wrote could not be told from what somebody edited."""
    path = tmp_path / "table.csv"
    with deriving("writer", path):
        path.write_text("seed\n1\n")
    with pytest.raises(KeyboardInterrupt), deriving("writer", path):
        path.write_text("seed\n2\n")
        raise KeyboardInterrupt
    assert read_derived(path)["seed"].tolist() == [2]
