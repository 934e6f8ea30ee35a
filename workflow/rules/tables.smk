"""Tables: published and measured side by side."""

TABLES = ["table1", "table2", "table3", "table4", "table5", "discussion"]


rule build_tables:
    input:
        runs=f"{RESULTS}/runs.csv",
        published="config/published.yaml",
        study=STUDY_FILE,
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
    message:
        "Build the tables of the paper"
    shell:
        "distancenets tables {input.runs} --study {input.study} --output {RESULTS}/tables > {log} 2>&1"
