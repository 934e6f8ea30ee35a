"""The audit: compare the published numbers with one another; it needs no training."""


rule audit_published:
    input:
        published="config/published.yaml",
        code=code("audit"),
    output:
        findings=f"{RESULTS}/audit.csv",
        records=f"{RESULTS}/audit.json",
        page=report(f"{RESULTS}/audit.md", caption="../captions/audit.rst", category="Audit"),
    log:
        f"{RESULTS}/logs/audit.log",
    conda:
        "../../envs/distancenets.yaml"
    params:
        folder=subpath(output[0], parent=True),
    message:
        "Audit the published numbers"
    shell:
        "distancenets audit --published {input.published} --out-dir {params.folder} > {log} 2>&1"
