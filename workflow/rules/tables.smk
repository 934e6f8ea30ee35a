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
        "distancenets tables {input.runs} --study {params.study} --output {params.folder} > {log} 2>&1"
