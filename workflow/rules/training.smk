"""Training: one rule, expanded over architecture × representation × seed, or with the seeds of a model in a pack."""


rule train_model:
    input:
        # The manifest shows whether the data changed. All other settings of a run are in the params.
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
        # Not parameters: packing does not change a run, and the recipe contains the number of epochs.
        seeds=lambda job: job.seed if ONE else seed_ranges(SEEDS),
        epochs=lambda job: recipe(job).experiment.epochs,
    params:
        study=STUDY_FILE,
        recipe=lambda job: recipe(job).digest,
        # The fingerprint replaces sources as inputs: it changes only if the code computes something else.
        fingerprint=lambda job: fingerprint(recipe(job)),
    message:
        "Train {wildcards.architecture} {wildcards.representation} ({wildcards.experiment}), seeds {resources.seeds}"
    shell:
        "distancenets train --study {params.study} --experiment {wildcards.experiment}"
        " --architecture {wildcards.architecture} --representation {wildcards.representation}"
        " --seeds {resources.seeds} --epochs {resources.epochs} --threads {threads} --gpus {resources.gpu} --overwrite > {log} 2>&1"
