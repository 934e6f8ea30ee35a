"""Schedulers: detect a cluster's scheduler and read what it allocated to the job."""

import os
import socket

# Variables that each scheduler sets in a job, the job's number first. CI services may also set a JOB_ID alone.
SCHEDULERS = {
    "slurm": ("SLURM_JOB_ID",),
    "pbs": ("PBS_JOBID",),
    "lsf": ("LSB_JOBID",),
    "sge": ("JOB_ID", "SGE_TASK_ID"),
    "kubernetes": ("KUBERNETES_SERVICE_HOST",),
}
# Slurm's variables for the node's device numbers. Under cgroups, CUDA_VISIBLE_DEVICES counts from 0 in every job.
GPUS = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS")


def allocation() -> dict[str, str | None] | None:
    """Return scheduler, job, node and GPUs of this process as the scheduler set them, or None without a scheduler."""
    scheduler = next((name for name, signs in SCHEDULERS.items() if all(sign in os.environ for sign in signs)), None)
    if scheduler is None:
        return None
    # A pod's host name contains the name of its job. KUBERNETES_SERVICE_HOST is the server's address.
    job = socket.gethostname() if scheduler == "kubernetes" else os.environ[SCHEDULERS[scheduler][0]]
    return {
        "scheduler": scheduler,
        "job": job,
        "node": os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        "gpus": next((os.environ[name] for name in GPUS if name in os.environ), None),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
