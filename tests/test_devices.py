"""Devices: which one a job gets, with and without GPUs and a scheduler."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import distancenets.jobs.cores
import distancenets.jobs.gpus
from distancenets.errors import UserError
from distancenets.jobs.cores import usable_cores
from distancenets.jobs.devices import claimed_device
from distancenets.jobs.gpus import visible_gpus
from distancenets.jobs.schedulers import SCHEDULERS, allocation


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Six GPUs, as far as choosing one goes, of which CUDA shows the chosen ones, and no scheduler."""

    def properties(index: int) -> SimpleNamespace:
        # Nobody else's leases are of these devices.
        return SimpleNamespace(uuid=f"{tmp_path} {visible_gpus()[index]}")

    for index in range(6):
        (tmp_path / f"nvidia{index}").touch()
    monkeypatch.setattr(distancenets.jobs.gpus, "DEVICES", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(visible_gpus()))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(visible_gpus()))
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    for name in {sign for signs in SCHEDULERS.values() for sign in signs}:
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
    for name in ("cuda:99", "meta", "nonsense"):
        with pytest.raises(UserError, match=f"--device {name}: no such device"), claimed_device(name):
            pass


@pytest.mark.parametrize(
    ("chosen", "there"),
    [
        ("2,GPU-5e", ["2", "GPU-5e"]),
        ("3, 5", ["3", "5"]),
        ("MIG-GPU-5e/1/0", ["MIG-GPU-5e/1/0"]),
        ("-1", []),
        ("", []),
        ("NoDevFiles", []),
        ("1,6,2", ["1"]),
        (None, ["0", "1", "2", "3", "4", "5"]),
    ],
)
def test_visible_gpus_are_the_chosen_ones_that_exist(
    gpus: pytest.MonkeyPatch, chosen: str | None, there: list[str]
) -> None:
    if chosen is None:
        gpus.delenv("CUDA_VISIBLE_DEVICES")
    else:
        gpus.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus() == there


def test_without_a_device_none_is_visible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Jobs that stay on the CPU must not wait for one another."""
    monkeypatch.setattr(distancenets.jobs.gpus, "DEVICES", tmp_path)
    for chosen in ("0", "0,1", "GPU-5e"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        assert visible_gpus() == []


def test_a_job_number_of_a_continuous_integration_is_no_scheduler(gpus: pytest.MonkeyPatch) -> None:
    gpus.setenv("JOB_ID", "4711")
    assert allocation() is None
    gpus.setenv("SGE_TASK_ID", "undefined")
    found = allocation()
    assert found is not None and (found["scheduler"], found["job"]) == ("sge", "4711")


@pytest.mark.parametrize(
    ("group", "limits", "cores"),
    [
        ("/", {"": "150000 100000"}, 2),
        ("/user/job", {"user": "300000 100000", "user/job": "max 100000"}, 3),
        ("/user/job", {"user": "300000 100000", "user/job": "50000 100000"}, 1),
        ("/user/job", {"": "max 100000"}, 8),
        ("/user/job", {}, 8),
    ],
)
def test_a_quota_of_processor_time_limits_the_cores(
    group: str, limits: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, limit in limits.items():
        (tmp_path / "groups" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / folder / "cpu.max").write_text(f"{limit}\n")
    (tmp_path / "membership").write_text(f"1:name=systemd:/elsewhere\n0::{group}\n")
    monkeypatch.setattr(distancenets.jobs.cores, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(distancenets.jobs.cores, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(distancenets.jobs.cores, "cpu_count", lambda: 8)
    assert usable_cores() == cores
