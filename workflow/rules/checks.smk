"""Checks of the study beside this one: derive its results from its archive, and train some of its runs again."""

BESIDE_RESULTS = Path(f"results/{BESIDE.study}")
BESIDE_ARCHIVE = archive_files(BESIDE_RESULTS)


rule verify_archived:
    input:
        archive=BESIDE_ARCHIVE,
        committed=[BESIDE_RESULTS / path for path in shown(BESIDE_RESULTS)],
        published="config/published.yaml",
        code=code("audit", "claims", "measurements", "runs", "statistics", "tables"),
    output:
        f"{RESULTS}/verified.txt",
    log:
        f"{RESULTS}/logs/verify_archived.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        study=STUDY.report.beside.as_posix(),
    message:
        "Derive the results in {BESIDE_RESULTS} from their archive, and compare"
    shell:
        "distancenets verify --study {params.study} > {output} 2> {log}"


rule recheck_archived:
    input:
        archive=BESIDE_ARCHIVE,
        images=ancient(f"data/{BESIDE.experiments[BESIDE.reported_experiment].dataset}/images.safetensors"),
        manifest=f"data/{BESIDE.experiments[BESIDE.reported_experiment].dataset}/manifest.json",
    output:
        f"{RESULTS}/recheck.csv",
    log:
        f"{RESULTS}/logs/recheck_archived.log",
    # The longest job starts first.
    priority: 1
    conda:
        "../../envs/distancenets.yaml"
    params:
        study=STUDY.report.beside.as_posix(),
        experiment=BESIDE.reported_experiment,
    message:
        "Train archived runs of {params.study} again for their first epochs, and compare"
    shell:
        "distancenets recheck --study {params.study} --experiment {params.experiment} --csv {output}"
        " --threads {threads} > {log} 2>&1"


CHECKS = [*rules.verify_archived.output, *rules.recheck_archived.output]
