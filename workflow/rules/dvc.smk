"""Metrics: the files that `dvc metrics` and `dvc plots` compare between revisions."""

CURVES = sorted(
    {f"{RESULTS}/curves/{run.experiment}/{run.architecture}_{run.representation}.csv" for run in [*FRESH, *ARCHIVED]}
)


rule write_metrics:
    input:
        runs=f"{RESULTS}/runs.csv",
        curves=f"{RESULTS}/learning_curves.parquet",
        code=code("tables"),
    output:
        metrics=f"{RESULTS}/metrics.json",
        curves=CURVES,
    log:
        f"{RESULTS}/logs/metrics.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Write final accuracies and mean learning curves for comparison between revisions"
    shell:
        "distancenets dvc-metrics --study {params.study} > {log} 2>&1"
