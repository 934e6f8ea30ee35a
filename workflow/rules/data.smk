"""Data sets: fetched once, from whichever source serves the pinned bytes."""


# Without an input, intact data are never due because a file is newer. `update`: Snakemake deletes nothing before the
# command, which keeps what has the pinned digests, and restores what a failed fetch has changed.
rule fetch_dataset:
    output:
        images=update("data/{dataset}/images.safetensors"),
        manifest=update("data/{dataset}/manifest.json"),
    log:
        "data/logs/{dataset}.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        digest=lambda job: load_dataset_settings(job.dataset).sha256.combined,
    message:
        "Fetch {wildcards.dataset} and check its digests"
    shell:
        "distancenets data fetch {wildcards.dataset} > {log} 2>&1"
