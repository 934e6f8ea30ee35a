"""Pages with all tables and figures: Markdown for code hosts, HTML for a browser."""


rule write_summary:
    input:
        tables=rules.build_tables.output,
        accuracies=expand(rules.draw_final_accuracies.output, experiment=STUDY.experiments),
        curves=expand(rules.draw_learning_curves.output, experiment=STUDY.experiments),
        runs=rules.collect_runs.output,
        figure1=rules.draw_figure1.output,
        six_models=rules.draw_six_models.output,
        differences=expand(rules.draw_differences.output, experiment=STUDY.experiments),
        statistics=rules.compare_models.output,
        audit=rules.audit_published.output,
        claims=rules.judge_claims.output,
        protocols=rules.compare_protocols.output,
        robustness=[
            *rules.build_contrasts.output,
            *rules.build_robustness.output,
            *rules.draw_robustness.output,
        ],
        geometry_tables=rules.build_measurement_tables.output,
        geometry=(
            expand(rules.draw_measurements.output, experiment=STUDY.experiments)
            if STUDY.measurements == "by_node"
            else []
        ),
        images=[*rules.build_images.output, *expand(rules.draw_disagreement.output, experiment=STUDY.experiments)],
        code=code("claims", "report", "runs"),
    output:
        f"{RESULTS}/summary.md",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Gather tables and figures in summary.md"
    shell:
        "distancenets summary --study {params.study} > {log} 2>&1"


rule write_report:
    input:
        summary=rules.write_summary.input,
        curves=rules.write_metrics.output.curves,
        findings=rules.audit_published.output.records,
        measurements=[*GEOMETRY.values(), rules.measure_figure1.output],
        # The results of the study beside this one, and of its checks.
        beside=[*rules.verify_archived.input.committed, *CHECKS] if BESIDE else [],
        published="config/published.yaml",
        captions=sorted(Path("workflow/captions").glob("*.rst")),
        code=code("claims", "report", "runs"),
    output:
        report(f"{RESULTS}/report.html", caption="../captions/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Write report.html, the page to read first"
    shell:
        "distancenets report --study {params.study} > {log} 2>&1"
