"""Devices: which one a job gets, with and without GPUs and a scheduler."""

import tempfile
from pathlib import Path

import pytest
import torch

from distancenets.errors import UserError
from distancenets.training.devices import claimed_device
from distancenets.training.gpus import visible_gpus
from distancenets.training.schedulers import SCHEDULERS, allocation


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Two GPUs, as far as choosing one goes, no scheduler and nobody else's leases."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in SCHEDULERS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_jobs_of_one_machine_get_devices_of_their_own(gpus: pytest.MonkeyPatch) -> None:
    with claimed_device("auto") as first, claimed_device("auto") as second:
        assert {first, second} == {torch.device("cuda:0"), torch.device("cuda:1")}


def test_a_device_is_counted_among_the_visible_ones(gpus: pytest.MonkeyPatch) -> None:
    gpus.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with claimed_device("auto") as first:
        gpus.setenv("CUDA_VISIBLE_DEVICES", "5,3")
        with claimed_device("auto") as second:
            assert (first, second) == (torch.device("cuda:0"), torch.device("cuda:0"))


def test_the_choice_of_a_scheduler_is_taken(gpus: pytest.MonkeyPatch) -> None:
    """Under cgroups every allocation of a machine counts its devices from 0."""
    gpus.setenv("CUDA_VISIBLE_DEVICES", "0")
    gpus.setenv("SLURM_JOB_ID", "17")
    with claimed_device("auto") as first:
        gpus.setenv("SLURM_JOB_ID", "18")
        with claimed_device("auto") as second:
            assert first == second == torch.device("cuda:0")


def test_jobs_within_one_allocation_get_devices_of_their_own(gpus: pytest.MonkeyPatch) -> None:
    gpus.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    gpus.setenv("SLURM_JOB_ID", "17")
    with claimed_device("auto") as first, claimed_device("auto") as second:
        assert {first, second} == {torch.device("cuda:0"), torch.device("cuda:1")}


def test_what_a_scheduler_gave_is_recorded(gpus: pytest.MonkeyPatch) -> None:
    assert allocation() is None
    for name, value in {"SLURM_JOB_ID": "17", "SLURMD_NODENAME": "n3", "SLURM_JOB_GPUS": "2"}.items():
        gpus.setenv(name, value)
    gpus.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert allocation() == {"scheduler": "slurm", "job": "17", "node": "n3", "gpus": "2", "visible": "0"}


def test_without_gpus_a_job_stays_on_the_cpu() -> None:
    with claimed_device("auto", gpus=0) as device:
        assert device == torch.device("cpu")


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="--device cuda:99: not there"), claimed_device("cuda:99"):
        pass


def test_visible_gpus_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-5e")
    assert visible_gpus() == ["2", "GPU-5e"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_gpus() == []
