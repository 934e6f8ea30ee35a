"""Leases: two jobs of one machine never share a device, and a dead job leaves none behind."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from conftest import environment
from distancenets.errors import UserError
from distancenets.training.devices import claimed_device, lease
from distancenets.training.gpus import visible_gpus

HOLD = """
import sys, time
from pathlib import Path
from distancenets.training.devices import lease
with lease(["0"], Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_leases_are_exclusive_and_end_with_the_block(tmp_path: Path) -> None:
    with lease(["0", "1"], tmp_path) as first:
        with lease(["0", "1"], tmp_path) as second:
            assert {first, second} == {"0", "1"}
        with lease(["0", "1"], tmp_path) as third:
            assert third == second


def test_a_killed_job_leaves_no_lease(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    begun = time.monotonic()
    holder.kill()
    with lease(["0"], tmp_path, poll_seconds=0.05):
        assert time.monotonic() - begun < 10
    holder.wait()


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
