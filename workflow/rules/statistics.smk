"""Statistics: every model over its seeds, and every pair of models."""


rule compare_models:
    input:
        runs=f"{RESULTS}/runs.csv",
        study=STUDY_FILE,
        code=code("statistics"),
    output:
        summary=f"{RESULTS}/statistics/summary.csv",
        comparisons=f"{RESULTS}/statistics/comparisons.csv",
        columns=f"{RESULTS}/statistics/columns.csv",
    log:
        f"{RESULTS}/logs/statistics.log",
    conda:
        "../../envs/distancenets.yaml"
    message:
        "Summarise every model and compare every pair"
    shell:
        "distancenets statistics {input.runs} --study {input.study} --output {RESULTS}/statistics > {log} 2>&1"
