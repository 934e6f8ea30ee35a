"""The commands that made the contents of the page, ready to paste; a test compares them with the workflow."""

from pathlib import Path


def commands(root: Path, experiment: str) -> dict[str, str]:
    """Return exhibit → the command that makes it, for the study in `root`."""
    runs, study = f"{root}/runs.csv", f"--study {root}/study.yaml"
    figures, tables = f"--stem {root}/figures", f"{root}/tables"
    there = f"--experiment {experiment}"
    return {
        "claims": f"distancenets claims {runs} {study} --out-dir {root}",
        "tables": f"distancenets table paper {runs} {study} --out-dir {tables}",
        "figure1": f"distancenets figure figure1 {root}/measurements/figure1.csv {study} {figures}/figure1",
        "protocols": f"distancenets table protocols {runs} {study} --stem {tables}/protocols",
        "final_accuracies": f"distancenets figure final-accuracies {runs} {there}"
        f" {figures}/final_accuracies_{experiment}",
        "differences": f"distancenets figure differences {root}/statistics/comparisons.csv {study} {there}"
        f" {figures}/differences_{experiment}",
        "learning_curves": f"distancenets figure learning-curves {root}/learning_curves.parquet {there}"
        f" {figures}/learning_curves_{experiment}",
        "curves": f"distancenets dvc-metrics {study}",
        "audit": f"distancenets audit --published config/published.yaml --out-dir {root}",
        "geometry_tables": f"distancenets table measurements {study}",
        "geometry": f"distancenets figure measurements {there} {study}",
        "images": f"distancenets table images {study}",
        "disagreement": f"distancenets figure disagreement {there} {study}",
        "contrasts": f"distancenets table contrasts {runs} {study} --stem {tables}/contrasts",
        "six_models": f"distancenets figure six-models {tables} {figures}/six_models",
        "robustness": f"distancenets table robustness {root}/claims.json --contrasts {tables}/contrasts.csv"
        f" {study} --stem {tables}/robustness",
        "verdicts": f"distancenets figure robustness {root}/claims.json {study} {figures}/robustness",
        "provenance": f"distancenets collect {study}",
    }
