"""The page that gathers tables and figures."""


rule write_summary:
    input:
        tables=rules.build_tables.output,
        accuracies=expand(rules.draw_final_accuracies.output, experiment=STUDY.experiments),
        curves=expand(rules.draw_learning_curves.output, experiment=STUDY.experiments),
        figure1=rules.draw_figure1.output,
        differences=expand(rules.draw_differences.output, experiment=STUDY.experiments),
        statistics=rules.compare_models.output,
        audit=rules.audit_published.output,
        claims=rules.judge_claims.output,
        protocols=rules.compare_protocols.output,
        robustness=[*rules.build_robustness.output, *rules.draw_robustness.output],
        study=STUDY_FILE,
        code=code("report"),
    output:
        f"{RESULTS}/summary.md",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../envs/distancenets.yaml"
    message:
        "Gather tables and figures in summary.md"
    shell:
        "distancenets summary --study {input.study} > {log} 2>&1"
