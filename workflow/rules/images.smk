"""Images: correctly answered test images of each run, and the variance of accuracies from seeds and images."""


rule build_images:
    input:
        answers=rules.measure_networks.output.answers,
        published="config/published.yaml",
        code=code("tables", "statistics", "claims"),
    output:
        report(
            multiext(f"{RESULTS}/tables/images", ".csv", ".md", ".tex"),
            caption="../captions/images.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/images.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Build the table of variance from seeds and test images"
    shell:
        "distancenets table images --study {params.study} > {log} 2>&1"


rule draw_disagreement:
    input:
        answers=rules.measure_networks.output.answers,
        images=lambda job: manifest(job.experiment),
        published="config/published.yaml",
        code=code("figures"),
    output:
        report(
            multiext(f"{RESULTS}/figures/disagreement_{{experiment}}", ".png", ".svg"),
            caption="../captions/disagreement.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/disagreement_{{experiment}}.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        settings=SETTINGS,
        study=STUDY_FILE,
    message:
        "Draw the test images that representations of {wildcards.experiment} disagree on"
    shell:
        "distancenets figure disagreement --experiment {wildcards.experiment} --study {params.study} > {log} 2>&1"
