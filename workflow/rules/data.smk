"""Data sets: fetched once, from the first source whose bytes match the pinned digests."""


# The rule has no input, so a newer file never makes intact data outdated. With `update`, Snakemake does not delete data
# before the command, which keeps data with the pinned digests, and restores them after a failed fetch.
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
