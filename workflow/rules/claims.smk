"""Claims: what the study says about each claim of the paper."""


rule judge_claims:
    input:
        runs=f"{RESULTS}/runs.csv",
        published="config/published.yaml",
        study=STUDY_FILE,
        code=code("claims", "statistics"),
    output:
        page=report(f"{RESULTS}/claims.md", caption="../captions/claims.rst", category="Claims"),
        records=f"{RESULTS}/claims.json",
    log:
        f"{RESULTS}/logs/claims.log",
    conda:
        "../../envs/distancenets.yaml"
    message:
        "Judge the paper's claims"
    shell:
        "distancenets claims {input.runs} --study {input.study} --output {RESULTS} > {log} 2>&1"
