"""Statistics of every model over its seeds, and of every pair of models."""


rule compare_models:
    input:
        runs=f"{RESULTS}/runs.csv",
        code=code("statistics"),
    output:
        summary=f"{RESULTS}/statistics/summary.csv",
        comparisons=f"{RESULTS}/statistics/comparisons.csv",
        columns=f"{RESULTS}/statistics/columns.csv",
    log:
        f"{RESULTS}/logs/statistics.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        folder=subpath(output[0], parent=True),
    message:
        "Summarise every model and compare every pair"
    shell:
        "distancenets statistics {input.runs} --study {params.study} --out-dir {params.folder} > {log} 2>&1"
