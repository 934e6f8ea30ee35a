"""The commands that made what the page shows, as a reader can paste them; a test holds them against the workflow."""

from pathlib import Path


def commands(root: Path, experiment: str) -> dict[str, str]:
    """Return what is shown → the command that makes it, for the study whose files lie in `root`."""
    runs, study = f"{root}/runs.csv", f"--study {root}/study.yaml"
    figures, tables = f"--output {root}/figures", f"{root}/tables"
    there = f"--experiment {experiment}"
    return {
        "claims": f"distancenets claims {runs} {study} --output {root}",
        "tables": f"distancenets tables {runs} {study} --output {tables}",
        "figure1": f"distancenets figure node {root}/measurements/figure1.csv {study} {figures}/figure1",
        "protocols": f"distancenets protocols {runs} {study} --output {tables}/protocols",
        "final_accuracies": f"distancenets figure final-accuracies {runs} {there}"
        f" {figures}/final_accuracies_{experiment}",
        "differences": f"distancenets figure differences {root}/statistics/comparisons.csv {study} {there}"
        f" {figures}/differences_{experiment}",
        "learning_curves": f"distancenets figure learning-curves {root}/learning_curves.parquet {there}"
        f" {figures}/learning_curves_{experiment}",
        "curves": f"distancenets metrics {study}",
        "audit": f"distancenets audit --published config/published.yaml --output {root}",
        "geometry_tables": f"distancenets geometry-tables {study}",
        "geometry": f"distancenets figure geometry {there} {study}",
        "images": f"distancenets images {study}",
        "disagreement": f"distancenets figure disagreement {there} {study}",
        "robustness": f"distancenets robustness {root}/claims.json --output {tables}/robustness",
        "verdicts": f"distancenets figure robustness {root}/claims.json {study} {figures}/robustness",
        "provenance": f"distancenets collect {study}",
    }
