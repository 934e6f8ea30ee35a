"""Tables: published and measured side by side."""

TABLES = ["table1", "table2", "table3", "table4", "table5", "discussion"]


rule build_tables:
    input:
        runs=f"{RESULTS}/runs.csv",
        published="config/published.yaml",
        code=code("tables"),
    output:
        report(
            expand(
                f"{RESULTS}/tables/{{table}}.{{kind}}",
                table=TABLES,
                kind=["csv", "md", "tex"],
            ),
            caption="../captions/tables.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/tables.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        folder=subpath(output[0], parent=True),
    message:
        "Build the tables of the paper"
    shell:
        "distancenets table paper {input.runs} --study {params.study} --out-dir {params.folder} > {log} 2>&1"


rule compare_protocols:
    input:
        runs=f"{RESULTS}/runs.csv",
        published="config/published.yaml",
        code=code("tables", "statistics"),
    output:
        report(
            multiext(f"{RESULTS}/tables/protocols", ".csv", ".md", ".tex"),
            caption="../captions/protocols.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/protocols.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".csv"),
    message:
        "Compare every protocol with every published column"
    shell:
        "distancenets table protocols {input.runs} --study {params.study} --stem {params.stem} > {log} 2>&1"


rule build_contrasts:
    input:
        runs=f"{RESULTS}/runs.csv",
        beside=[f"results/{BESIDE.study}/runs.csv"] if BESIDE else [],
        published="config/published.yaml",
        code=code("tables", "claims", "statistics"),
    output:
        report(
            multiext(f"{RESULTS}/tables/contrasts", ".csv", ".md", ".tex"),
            caption="../captions/contrasts.rst",
            category="Claims",
        ),
    log:
        f"{RESULTS}/logs/contrasts.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".csv"),
    message:
        "Test whether differences of models change with the protocol"
    shell:
        "distancenets table contrasts {input.runs} --study {params.study} --stem {params.stem} > {log} 2>&1"


rule build_robustness:
    input:
        claims=rules.judge_claims.output.records,
        contrasts=rules.build_contrasts.output[0],
        beside=[f"results/{BESIDE.study}/claims.json"] if BESIDE else [],
        code=code("claims", "tables"),
    output:
        report(
            multiext(f"{RESULTS}/tables/robustness", ".csv", ".md", ".tex"),
            caption="../captions/robustness.rst",
            category="Claims",
        ),
    log:
        f"{RESULTS}/logs/robustness.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".csv"),
    message:
        "Build the table of claims across experiments"
    shell:
        "distancenets table robustness {input.claims} --contrasts {input.contrasts} --study {params.study}"
        " --stem {params.stem} > {log} 2>&1"
