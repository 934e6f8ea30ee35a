"""Measurements: what is read off finished runs."""


rule collect_runs:
    input:
        metrics=run_files("metrics.parquet"),
        provenance=run_files("run.json"),
        archive=ARCHIVE,
        code=code("measurements"),
    output:
        runs=f"{RESULTS}/runs.csv",
        curves=f"{RESULTS}/learning_curves.parquet",
        provenance=report(f"{RESULTS}/provenance.csv", caption="../captions/provenance.rst", category="Report"),
        gathered=GATHERED,
    log:
        f"{RESULTS}/logs/collect.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        study=STUDY_FILE,
    message:
        "Gather the runs, each checked to belong to this study"
    shell:
        "distancenets collect --study {params.study} > {log} 2>&1"


rule measure_node:
    input:
        runs=GATHERED,
        sources=figure1_sources(),
        code=code("measurements"),
    output:
        f"{RESULTS}/measurements/figure1.csv",
    log:
        f"{RESULTS}/logs/measure_node.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        report=STUDY.report.model_dump_json(),
        study=STUDY_FILE,
    message:
        "Record what the node of Figure 1 gives for each test image"
    shell:
        "distancenets measure node --study {params.study} > {log} 2>&1"
