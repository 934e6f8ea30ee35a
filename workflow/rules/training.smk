"""Training: one rule that expands over architecture × representation × seed, or packs the seeds of a model."""


rule train_model:
    input:
        # The manifest tells whether the data changed; what else the study says about a run stands in the params.
        images=lambda job: ancient(f"data/{STUDY.experiments[job.experiment].dataset}/images.safetensors"),
        manifest=lambda job: manifest(job.experiment),
    output:
        metrics=run_output("metrics.parquet"),
        weights=run_output("weights.safetensors"),
        provenance=run_output("run.json"),
    log:
        f"{RESULTS}/logs/train/{JOBS.wildcard_pattern}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{JOBS.wildcard_pattern}.tsv"
    conda:
        "../../envs/distancenets.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=1,
        # Not parameters: how seeds are packed into jobs does not change a run, and the recipe has its length.
        seeds=lambda job: job.seed if ONE else seed_ranges(SEEDS),
        epochs=lambda job: recipe(job).experiment.epochs,
    params:
        study=STUDY_FILE,
        recipe=lambda job: recipe(job).digest,
        # What the code computes, not how it is written: no source is an input.
        fingerprint=lambda job: fingerprint(recipe(job)),
    message:
        "Train {wildcards.architecture} {wildcards.representation} ({wildcards.experiment}), seeds {resources.seeds}"
    shell:
        "distancenets train --study {params.study} --experiment {wildcards.experiment}"
        " --architecture {wildcards.architecture} --representation {wildcards.representation}"
        " --seeds {resources.seeds} --epochs {resources.epochs} --threads {threads} --gpus {resources.gpu} --overwrite > {log} 2>&1"
