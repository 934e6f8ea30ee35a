"""Measurements of finished runs: one job for all of them and all runs of the study.

All measurements share a network's first layer. Hundreds of runs and milestones take minutes in one job, compared with
days of training.
"""

GEOMETRY = {
    name: expand(f"{RESULTS}/measurements/{{file}}", file=files)
    for name, files in kept_files(STUDY.measurements).items()
}


rule collect_runs:
    input:
        metrics=run_files("metrics.parquet"),
        provenance=run_files("run.json"),
        archive=ARCHIVE,
        code=code("measurements", "runs"),
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
        "Gather the runs, and check that they belong to this study"
    shell:
        "distancenets collect --study {params.study} > {log} 2>&1"


rule measure_figure1:
    input:
        runs=GATHERED,
        sources=figure1_sources(),
        code=code("measurements", "runs"),
    output:
        f"{RESULTS}/measurements/figure1.csv",
    log:
        f"{RESULTS}/logs/measure_figure1.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        report=STUDY.report.model_dump_json(),
        study=STUDY_FILE,
    message:
        "Record the output of Figure 1's node for each test image"
    shell:
        "distancenets measure figure1 --study {params.study} > {log} 2>&1"


rule measure_networks:
    input:
        runs=GATHERED,
        weights=run_files("weights.safetensors"),
        archive=ARCHIVE,
        images=expand("data/{dataset}/manifest.json", dataset=sorted(DATASETS)),
        code=code("measurements", "runs"),
    output:
        tables=GEOMETRY.values(),
        answers=f"{RESULTS}/measurements/correct.parquet",
    log:
        f"{RESULTS}/logs/measure_networks.log",
    conda:
        "../../envs/distancenets.yaml"
    # Snakemake gives the job no more than there are.
    threads: 4
    params:
        study=STUDY_FILE,
    message:
        "Measure the networks of every run"
    shell:
        "distancenets measure networks --study {params.study} --threads {threads} > {log} 2>&1"


rule build_measurement_tables:
    input:
        measurements=GEOMETRY.values(),
        published="config/published.yaml",
        code=code("tables"),
    output:
        report(
            expand(
                f"{RESULTS}/tables/{{table}}.{{kind}}",
                table=GEOMETRY,
                kind=["csv", "md", "tex"],
            ),
            caption="../captions/geometry_tables.rst",
            category="Geometry",
        ),
    log:
        f"{RESULTS}/logs/geometry_tables.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Build the tables of the measurements"
    shell:
        "distancenets table measurements --study {params.study} > {log} 2>&1"


# The figures need one row per node.
if STUDY.measurements == "by_node":

    rule draw_measurements:
        input:
            measurements=GEOMETRY.values(),
            runs=f"{RESULTS}/runs.csv",
            images=lambda job: manifest(job.experiment),
            published="config/published.yaml",
            code=code("figures", "statistics"),
        output:
            report(
                expand(
                    f"{RESULTS}/figures/{{figure}}_{{{{experiment}}}}.{{kind}}",
                    figure=FIGURES,
                    kind=["png", "svg"],
                ),
                caption="../captions/geometry.rst",
                category="Geometry",
            ),
        log:
            f"{RESULTS}/logs/figures/geometry_{{experiment}}.log",
        conda:
            "../../envs/distancenets.yaml"
        params:
            settings=SETTINGS,
            study=STUDY_FILE,
        message:
            "Draw the measurements of {wildcards.experiment}"
        shell:
            "distancenets figure measurements --experiment {wildcards.experiment} --study {params.study} > {log} 2>&1"
