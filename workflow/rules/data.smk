"""Data sets: fetched once, from whichever source serves the pinned bytes."""


rule fetch_dataset:
    input:
        "config/datasets.yaml",
    output:
        images="data/{dataset}/images.safetensors",
        manifest="data/{dataset}/manifest.json",
    params:
        folder=f"--folder {STUDY.data_folder}" if STUDY.data_folder else "",
    log:
        "data/logs/{dataset}.log",
    conda:
        "../../envs/distancenets.yaml"
    message:
        "Fetch {wildcards.dataset} and check its digests"
    shell:
        "distancenets data {wildcards.dataset} {params.folder} > {log} 2>&1"
