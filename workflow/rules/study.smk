"""The study as it is run: every setting written out, whether from a file, the command line or a default."""


rule write_study:
    output:
        STUDY_FILE,
    log:
        f"{RESULTS}/logs/study.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        study=STUDY.model_dump_json(),
    message:
        "Write out the study with all its settings"
    shell:
        "distancenets configure {params.study:q} --output {output} > {log} 2>&1"
