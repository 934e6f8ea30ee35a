"""Claims: the verdict of the study on each claim of the paper."""


rule judge_claims:
    input:
        runs=f"{RESULTS}/runs.csv",
        measurements=GEOMETRY.values(),
        published="config/published.yaml",
        code=code("claims", "statistics"),
    output:
        page=report(f"{RESULTS}/claims.md", caption="../captions/claims.rst", category="Claims"),
        records=f"{RESULTS}/claims.json",
        verdicts=f"{RESULTS}/verdicts.json",
    log:
        f"{RESULTS}/logs/claims.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        folder=subpath(output[0], parent=True),
    message:
        "Judge the paper's claims"
    shell:
        "distancenets claims {input.runs} --study {params.study} --out-dir {params.folder} > {log} 2>&1"
