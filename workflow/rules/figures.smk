"""Figures: each as PNG and SVG."""


rule draw_learning_curves:
    input:
        curves=f"{RESULTS}/learning_curves.parquet",
        code=code("figures"),
    output:
        report(
            multiext(f"{RESULTS}/figures/learning_curves_{{experiment}}", ".png", ".svg"),
            caption="../captions/learning_curves.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/learning_curves_{{experiment}}.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw the learning curves of {wildcards.experiment}"
    shell:
        "distancenets figure learning-curves {input.curves} --experiment {wildcards.experiment}"
        " --stem {params.stem} > {log} 2>&1"


rule draw_final_accuracies:
    input:
        runs=f"{RESULTS}/runs.csv",
        published="config/published.yaml",
        code=code("figures", "statistics"),
    output:
        report(
            multiext(f"{RESULTS}/figures/final_accuracies_{{experiment}}", ".png", ".svg"),
            caption="../captions/final_accuracies.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/final_accuracies_{{experiment}}.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw the final accuracies of {wildcards.experiment}"
    shell:
        "distancenets figure final-accuracies {input.runs} --experiment {wildcards.experiment}"
        " --stem {params.stem} > {log} 2>&1"


rule draw_six_models:
    input:
        tables=rules.build_tables.output,
        code=code("figures"),
    output:
        report(
            multiext(f"{RESULTS}/figures/six_models", ".png", ".svg"),
            caption="../captions/six_models.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/six_models.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        tables=subpath(input[0], parent=True),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw both published sets of Table 2 and the measured accuracies"
    shell:
        "distancenets figure six-models {params.tables} --stem {params.stem} > {log} 2>&1"


rule draw_figure1:
    input:
        outputs=f"{RESULTS}/measurements/figure1.csv",
        code=code("figures"),
    output:
        report(
            multiext(f"{RESULTS}/figures/figure1", ".png", ".svg"),
            caption="../captions/figure1.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/figure1.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        report=STUDY.report.model_dump_json(),
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw Figure 1, the class distributions of one hidden node"
    shell:
        "distancenets figure figure1 {input.outputs} --study {params.study} --stem {params.stem} > {log} 2>&1"


rule draw_differences:
    input:
        comparisons=f"{RESULTS}/statistics/comparisons.csv",
        published="config/published.yaml",
        code=code("figures", "statistics"),
    output:
        report(
            multiext(f"{RESULTS}/figures/differences_{{experiment}}", ".png", ".svg"),
            caption="../captions/differences.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/differences_{{experiment}}.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw the measured and published differences of {wildcards.experiment}"
    shell:
        "distancenets figure differences {input.comparisons} --study {params.study}"
        " --experiment {wildcards.experiment}"
        " --stem {params.stem} > {log} 2>&1"


rule draw_robustness:
    input:
        claims=rules.judge_claims.output.records,
        beside=[f"results/{BESIDE.study}/claims.json"] if BESIDE else [],
        code=code("claims", "figures", "tables"),
    output:
        report(
            multiext(f"{RESULTS}/figures/robustness", ".png", ".svg"),
            caption="../captions/robustness.rst",
            category="Claims",
        ),
    log:
        f"{RESULTS}/logs/figures/robustness.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Draw the claims across experiments"
    shell:
        "distancenets figure robustness {input.claims} --study {params.study} --stem {params.stem} > {log} 2>&1"
