"""Schedulers: whether a cluster's scheduler runs this process, and what it gave to the job."""

import os
import socket

# What each scheduler sets in a job: the variable with the job's number → the scheduler's name.
SCHEDULERS = {
    "SLURM_JOB_ID": "slurm",
    "PBS_JOBID": "pbs",
    "LSB_JOBID": "lsf",
    "JOB_ID": "sge",
    "KUBERNETES_SERVICE_HOST": "kubernetes",
}
# Device numbers of the node, where Slurm tells them; under cgroups CUDA_VISIBLE_DEVICES counts from 0 in every job.
GPUS = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS")


def allocation() -> dict[str, str | None] | None:
    """Return scheduler, job, node and GPUs of this process as the scheduler set them, or None without a scheduler."""
    variable = next((name for name in SCHEDULERS if name in os.environ), None)
    if variable is None:
        return None
    # A pod carries the name of its job; the variable that tells Kubernetes holds the server's address.
    job = socket.gethostname() if SCHEDULERS[variable] == "kubernetes" else os.environ[variable]
    return {
        "scheduler": SCHEDULERS[variable],
        "job": job,
        "node": os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        "gpus": next((os.environ[name] for name in GPUS if name in os.environ), None),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
