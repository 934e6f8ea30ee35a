"""The real thing: what one model reaches on MNIST, with either pixel scaling."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from conftest import REPOSITORY, Workshop
from distancenets.configuration.study import Run
from distancenets.datasets.store import Dataset
from distancenets.training.paths import run_path

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("pixels", "low", "high"), [("raw", 88.0, 90.0), ("standardised", 40.0, 60.0)])
def test_relu_after_200_epochs(pixels: str, low: float, high: float, mnist: Dataset, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    experiment = {"pixels": pixels, "epochs": 200, "record_every": 100}
    study = {"study": "slow", "title": "x", "seeds": 1, "experiments": {"only": experiment}}
    (tmp_path / "config" / "config.yaml").write_text(yaml.safe_dump(study))
    (tmp_path / "config" / "datasets.yaml").write_text((REPOSITORY / "config" / "datasets.yaml").read_text())
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    workshop = Workshop(tmp_path)
    answer = workshop.train("--seeds", "0", model=("relu", "unconstrained"))
    assert answer.returncode == 0, answer.stderr
    folder = tmp_path / "results" / "slow" / run_path(Run("only", "relu", "unconstrained", 0))
    accuracy = pq.read_table(folder / "metrics.parquet")["test_accuracy"][-1].as_py()
    assert low < accuracy < high
