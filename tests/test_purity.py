"""A run is a pure function of recipe and seed: the same bits for every processor, pack and number of threads."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import bits
from conftest import REPOSITORY, Workshop
from distancenets.configuration.datasets import DatasetSettings
from distancenets.configuration.experiment import Experiment
from distancenets.datasets.store import Dataset
from distancenets.jobs.processor import processor
from distancenets.models.networks import initial_network, initialise
from distancenets.models.registry import Model, find_model, models
from distancenets.training.batches import Network
from distancenets.training.engines.compiled import CompiledSteps
from distancenets.training.engines.native import network as native
from distancenets.training.engines.native.build import FLAGS, FOLDER, SOURCES, TARGETS, activations_header
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.pixel_scaling import Scaling, scaling
from requirements import needs_compiler
from run_helpers import digests, trained

pytestmark = needs_compiler

FEATURES = set(processor("flags").split())
ZIG = [sys.executable, "-m", "ziglang", "cc"]


@pytest.fixture(scope="module")
def split(mnist: Dataset) -> Split:
    return Split(mnist.train_images[:1001].numpy(), mnist.train_labels[:1001].numpy())


def trained_bits(model: Model, split: Split, hidden: int = 24, threads: int = 1, seed: int = 3) -> bytes:
    """Return the losses of four steps and the parameters after them."""
    space = Workspace(split.inputs, hidden, threads)
    network = CompiledNetwork(model, "code", Scaling(1.0, 0.0), initial_network(model, seed, hidden), space)
    found = []
    for _ in range(4):
        found.append(network.differentiate(split).loss)
        network.update(0)
    return np.array(found).tobytes() + b"".join(value.tobytes() for value in network.parameters().values())


@pytest.mark.slow
@pytest.mark.parametrize("target", [*TARGETS, None], ids=str)
def test_every_target_computes_what_the_reference_says(target: str | None) -> None:
    if target is not None and not TARGETS[target] <= FEATURES:
        pytest.skip(f"this processor is no {target}")
    chosen = {} if target is None else {"DISTANCENETS_MARCH": target}
    command = [sys.executable, "-m", "distancenets", "fingerprint", "--check", str(bits.FINGERPRINTS)]
    answer = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | chosen, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "all 120 fingerprints are the same" in answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize("model", models(), ids=lambda model: model.paper_name)
def test_the_first_losses_on_mnist_are_those_of_the_reference(
    model: Model, whole: Split, record_testsuite_property: Callable[[str, object], None]
) -> None:
    record_testsuite_property("processor", processor("model name"))
    with bits.LOSSES.open() as file:
        expected = [row[model.paper_name] for row in csv.DictReader(file)]
    assert bits.losses(model, whole) == expected


@pytest.fixture(scope="module")
def whole(mnist: Dataset) -> Split:
    return bits.train_split(mnist)


@pytest.mark.slow
def test_another_processor_gives_the_same_bits(tmp_path: Path) -> None:
    """The engine's source, in a program built for x86-64 and for aarch64, which qemu runs."""
    emulator = shutil.which("qemu-aarch64")
    if emulator is None:
        pytest.skip("Debian's qemu-user is not installed")
    for source in SOURCES:
        shutil.copy(FOLDER / source, tmp_path)
    shutil.copy(REPOSITORY / "tests" / "portable_driver.c", tmp_path)
    (tmp_path / "activations.h").write_text(activations_header())
    flags = [flag for flag in FLAGS if flag not in ("-shared", "-fPIC")]
    said = {}
    for target, runner in (("x86_64-linux -march=x86_64_v3", []), ("aarch64-linux", [emulator])):
        program = tmp_path / target.split("-")[0]
        command = [*ZIG, "-target", *target.split(), *flags, "-static", "portable_driver.c", "-o", str(program)]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        said[target] = subprocess.run([*runner, str(program)], check=True, capture_output=True, text=True).stdout
    one, other = said.values()
    assert one.count("\n") == 24 and one == other


@pytest.mark.parametrize("model", models()[::3], ids=lambda model: model.paper_name)
@pytest.mark.parametrize("hidden", [7, 32, 100])
def test_threads_change_no_bit(model: Model, hidden: int, split: Split) -> None:
    alone = trained_bits(model, split, hidden)
    assert all(trained_bits(model, split, hidden, threads) == alone for threads in (2, 3, 5))


def test_the_width_of_a_panel_changes_no_bit(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model("abs_l2", "distance")
    expected = trained_bits(model, split, 96)
    monkeypatch.setattr(native, "_panel_width", lambda _: 16)
    assert trained_bits(model, split, 96) == expected


def test_what_pytorch_does_with_denormal_numbers_changes_no_bit() -> None:
    """Tiny weights and images of one pixel give gradients among the subnormal numbers."""
    images = np.zeros((60, 784), np.uint8)
    images[np.arange(60), np.arange(60) * 7] = 1
    split = Split(images, (np.arange(60) % 10).astype(np.uint8))
    model = find_model("relu", "unconstrained")
    torch.set_flush_denormal(False)
    start = {name: value * np.float32(1e-38) for name, value in initial_network(model, 0, 24).items()}

    def gradients(threads: int) -> bytes:
        network = CompiledNetwork(model, "code", Scaling(1.0, 0.0), start, Workspace(784, 24, threads))
        network.differentiate(split)
        return network.gradients()["head.weight"].tobytes()

    expected = gradients(1)
    assert 0 < np.abs(np.frombuffer(expected, np.float32)).max() < np.finfo(np.float32).tiny
    try:
        assert torch.set_flush_denormal(True)
        assert gradients(1) == expected == gradients(2)
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.paper_name)
def test_a_seed_alone_equals_the_seed_within_a_pack(
    model: Model, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    net = Network(model, "code", scaling("raw", mnist_settings))
    few = replace(
        mnist,
        **{name: getattr(mnist, name)[:500] for name in ("train_images", "train_labels", "test_images", "test_labels")},
    )

    def steps(seeds: list[int], evaluated: bool) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        pack = CompiledSteps(net, initialise(model, seeds, 16), {}, seeds, few, Experiment(epochs=3), 1, lambda: None)
        losses = []
        for epoch in range(3):
            if evaluated:
                pack.evaluate_test()
            losses.append(pack.step(epoch).loss)
        return torch.stack(losses), pack.parameters()

    alone, together = steps([2], True), steps([0, 2, 5], False)
    assert torch.equal(alone[0][:, 0], together[0][:, 1])
    assert all(torch.equal(value[0], together[1][name][1]) for name, value in alone[1].items())


def test_files_of_a_run_do_not_tell_how_it_was_packed(workshop: Workshop) -> None:
    trained(workshop)
    together = digests(workshop, range(2))
    shutil.rmtree(workshop.results)
    file = workshop.folder / "config" / "config.yaml"
    file.write_text(file.read_text().replace("checkpoint_seconds: 0.01", "threads: 2"))
    for seed in ("1", "0"):
        assert workshop.train("--seeds", seed).returncode == 0
    assert digests(workshop, range(2)) == together


def test_which_images_are_right_is_told_in_their_order(mnist: Dataset) -> None:
    split = Split(mnist.test_images[:300].numpy(), mnist.test_labels[:300].numpy())
    model = find_model("relu", "unconstrained")
    start = initial_network(model, 0, 32)
    score = CompiledNetwork(model, "code", Scaling(1.0, 0.0), start, Workspace(784, 32)).evaluate(split)
    features = np.maximum(mnist.test_images[:300].numpy() @ start["hidden.weight"].T + start["hidden.bias"], 0)
    expected = (features @ start["head.weight"].T).argmax(1) == mnist.test_labels[:300].numpy()
    assert np.array_equal(split.in_order_given(score.right).astype(bool), expected)
    assert score.accuracy == 100 * expected.mean()
