"""The path of a GPU, checked on the CPU: half-precision parts, the choice of an engine, metrics that wait."""

from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from conftest import Workshop
from distancenets.configuration.datasets import DatasetSettings
from distancenets.configuration.optimisers import GradientDescent
from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.models.networks import initialise
from distancenets.models.registry import models
from distancenets.training import trainer
from distancenets.training.batches import Network, chunks
from distancenets.training.compilation import fuse, fusible
from distancenets.training.divergence import Watch
from distancenets.training.engines import registry, split
from distancenets.training.engines.registry import select_engine
from distancenets.training.microbatching import rows_in_flight
from distancenets.training.pixel_scaling import scaling
from distancenets.training.steps import TorchSteps

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def draw(*shape: int, spread: float = 0.0) -> Tensor:
    """Return normal numbers, each column on a scale of its own."""
    generator = torch.Generator().manual_seed(3)
    numbers = torch.randn(*shape, generator=generator)
    return numbers * torch.exp(spread * torch.randn(shape[-1], generator=generator))


def restored(values: Tensor, dim: int) -> Tensor:
    parts, inverse = split.halves(values, dim)
    assert parts.dtype == torch.float16 and parts.isfinite().all()
    mantissa, _ = torch.frexp(inverse)
    assert (mantissa == 0.5).all()
    return parts.double().sum(0) * inverse.double()


def test_two_parts_hold_a_float_to_its_22nd_bit() -> None:
    values = draw(784, 200, spread=8)
    error = (restored(values, 0) - values.double()).abs()
    assert (error <= 2.0**-22 * values.double().abs() + 2.0**-39 * values.double().abs().amax(0)).all()
    assert (error.norm(dim=0) / values.double().norm(dim=0)).max() < 6e-8


@pytest.mark.parametrize("size", [0.0, 1e-45, 1e-38, 1e-30, 1.0, 1e30, 1.6e38])
def test_parts_stay_finite_at_the_ends_of_the_range(size: float) -> None:
    values = torch.tensor([[size, -size / 3, 0.0]])
    torch.testing.assert_close(restored(values, 1), values.double(), rtol=1e-6, atol=1e-45)


def test_a_part_times_a_pixel_is_exact() -> None:
    parts, _ = split.halves(draw(1, 5000), 0)
    pixels = torch.arange(256, dtype=torch.uint8)[:, None]
    for part in parts:
        assert torch.equal(split.tensor_product(pixels.half(), part).double(), pixels.double() @ part.double())


def test_products_have_the_errors_that_the_parts_have(mnist: Dataset) -> None:
    images = mnist.train_images[:3000]
    weight, gradient = draw(784, 128) / 28, draw(128, 3000, spread=3)
    pixels = images.double()
    forward = (pixels @ (restored(weight, 0) - weight.double())).norm() / (pixels @ weight.double()).norm()
    wrong = (restored(gradient, 1) - gradient.double()) @ pixels
    backward = wrong.norm() / (gradient.double() @ pixels).norm()
    assert 5e-9 < forward < 6e-8 and 5e-9 < backward < 6e-8


def test_products_add_to_what_is_there(mnist: Dataset) -> None:
    images = torch.cat([mnist.test_images[:101], torch.zeros(40, 784, dtype=torch.uint8)])
    weight, bias, dz = draw(3, 7, 784), draw(3, 7), draw(3, 7, 141)
    weight_gradient, bias_gradient = draw(3, 7, 784), draw(3, 7)
    expected = weight_gradient + dz @ images.float(), bias_gradient + dz.sum(-1)
    for some in (images, images[-40:]):
        pixels = split.SplitPixels(some, torch.float32)
        z = pixels.forward(weight, bias)
        torch.testing.assert_close(z, weight @ some.T.float() + bias.unsqueeze(-1), rtol=1e-5, atol=1e-2)
    found = weight_gradient.clone(), bias_gradient.clone()
    split.SplitPixels(images, torch.float32).backward(dz, *found)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-2)
    with pytest.raises(ValueError, match=r"not for torch\.float64"):
        split.SplitPixels(images, torch.float64)


def test_the_check_at_the_start_sees_a_lost_part(monkeypatch: pytest.MonkeyPatch) -> None:
    assert split.fault(CPU) is None
    whole = split.halves

    def one_part(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        parts, inverse = whole(values, dim)
        return torch.stack([parts[0], torch.zeros_like(parts[1])]), inverse

    monkeypatch.setattr(split, "halves", one_part)
    assert "forward product has a relative error" in str(split.fault(CPU))

    def refuse(*_: Tensor) -> Tensor:
        raise RuntimeError("no such product\nhere")

    monkeypatch.setattr(split, "tensor_product", refuse)
    assert split.fault(CPU) == "its products fail (no such product)"


def test_auto_takes_split_once_its_check_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_has_tensor_cores", lambda *_: True)
    monkeypatch.setattr(registry, "fault", lambda _: None)
    relu = models()[0]
    assert select_engine("auto", relu, GPU).name == "split" == select_engine("split", relu, GPU).name
    assert select_engine("dense", relu, GPU).name == "dense"
    monkeypatch.setattr(registry, "fault", lambda _: "its products fail (why)")
    selected = select_engine("auto", relu, GPU)
    assert selected.name == "dense" and "its products fail (why)" in str(selected.note)
    with pytest.raises(UserError, match=r"training\.engine: split does not work on cuda: its products fail"):
        select_engine("split", relu, GPU)


def test_an_engine_that_the_device_has_not_is_refused(workshop: Workshop) -> None:
    path = workshop.folder / "config" / "config.yaml"
    text = path.read_text()
    for setting, said in (
        ("engine: split", "training.engine: split needs an NVIDIA GPU"),
        ("engine: sparse", "config/config.yaml: training.engine: "),
        ("precision: tf32", "config/config.yaml: training: no longer a key: set `training.engine` instead"),
        ("chunk_rows: 300", "config/config.yaml: training: no longer a key: remove it, because no result"),
    ):
        path.write_text(text.replace("checkpoint_seconds: 0.01", setting))
        line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--device", "cpu")
        assert said in line
        assert not workshop.results.exists()


def test_a_gpu_has_as_many_images_in_flight_as_its_memory_allows() -> None:
    settings = TrainingSettings(gpu_memory_mib=1000)
    assert rows_in_flight(settings, CPU, "dense", 2560) == 2000
    assert rows_in_flight(settings, GPU, "dense", 2560) == 1000 * 2**20 // (32 * 2560)
    assert rows_in_flight(settings, GPU, "split", 128) == 4000
    assert rows_in_flight(settings, GPU, "split", 40960) == 800
    assert rows_in_flight(TrainingSettings(gpu_memory_mib=1), GPU, "dense", 10**7) == 1


def test_a_watch_remembers_the_first_divergence() -> None:
    watch = Watch(3, CPU)
    nan, inf = float("nan"), float("inf")
    for epoch, losses in enumerate([[1, 2, 3], [1, 2, inf], [nan, 2, nan], [1, 2, nan]]):
        watch.note(epoch, torch.tensor(losses, dtype=torch.float64))
        assert (watch.diverged() is None) == (epoch == 0)
    assert watch.diverged() == (2, 1, inf)


def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a trainer look at its metrics as it does on a GPU whose epochs are much shorter than a second."""
    plain = trainer._Trainer.__init__

    def begin(trainer: Any, *arguments: Any) -> None:
        plain(trainer, *arguments)
        trainer._look_seconds = 1e9

    monkeypatch.setattr(trainer._Trainer, "__init__", begin)


def test_metrics_that_wait_are_the_same(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.study(epochs=12)

    def run(output: str) -> bytes:
        assert workshop.train("--seeds", "0-1", "--study-dir", output).returncode == 0
        return b"".join(path.read_bytes() for path in sorted((workshop.folder / output).rglob("*.[ps]*")))

    often = run("often")
    rarely(monkeypatch)
    assert run("rarely") == often


def test_a_divergence_that_is_seen_late_is_told_alike(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.study(learning_rate=1e30, epochs=20)

    def told(output: str) -> tuple[str, object]:
        model = ("--architecture", "abs", "--representation", "unconstrained")
        line = workshop.refused("train", *model, "--seeds", "1-2", "--study-dir", output)
        told, path = line.split("; its metrics so far are in ")
        return told, pq.read_table(workshop.folder / path).to_pylist()

    at_once = told("often")
    rarely(monkeypatch)
    assert told("rarely") == at_once


def test_a_function_is_compiled_only_while_fusion_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiler(function: Any, **_: Any) -> Any:
        return lambda *values: ("compiled", function(*values))

    monkeypatch.setattr(torch, "compile", compiler)
    double = fusible(lambda value: 2 * value)
    assert double(2) == 4
    try:
        fuse(True)
        assert double(2) == ("compiled", 4)
    finally:
        fuse(False)
    assert double(2) == 4


def test_what_fails_to_be_faster_costs_a_line(
    mnist: Dataset, mnist_settings: DatasetSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiler(*_: Any, **__: Any) -> Any:
        raise ImportError("no compiler\nin several lines")

    monkeypatch.setattr(torch, "compile", compiler)
    monkeypatch.setattr(torch.cuda, "device", lambda _: torch.no_grad())
    parameters = initialise(models()[0], [0], 8)
    before = {name: value.clone() for name, value in parameters.items()}
    train = chunks(mnist.train_images[:60], mnist.train_labels[:60], "split", 60, torch.float32)
    steps = TorchSteps(
        Network(models()[0], "code", scaling("raw", mnist_settings)), parameters, {}, train, train, GradientDescent()
    )
    lines: list[str] = []
    steps.accelerate(CPU, lines.append)
    assert len(lines) == 2 and not [line for line in lines if "\n" in line]
    assert "torch.compile does not work here (no compiler)" in lines[0] and "CUDA graph" in lines[1]
    assert all(torch.equal(before[name], value) for name, value in parameters.items())
    assert steps.step(0).loss.isfinite().all()
    assert not all(torch.equal(before[name], value) for name, value in parameters.items())
