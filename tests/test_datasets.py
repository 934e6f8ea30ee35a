"""The data sets: their settings, what is kept of them on disk, and how a new one is pinned."""

import errno
import gzip
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from typer.testing import CliRunner

from dataset_files import CONFIG, FOLDER, NOTHING, assert_serves, digests_of, idx_content, settings_of, write_idx
from distancenets.cli.commands import app
from distancenets.configuration.datasets import DatasetSettings, datasets, load_dataset_settings
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.pins import pinned
from distancenets.datasets.store import fetch, load_dataset
from distancenets.errors import UserError


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["mnist", "pixel_men"], 0.1, "mnist: unknown key 'pixel_men'"),
        (["mnist", "sha256", "train_images"], "abc", "mnist: sha256.train_images: "),
        (["mnist", "sources", 0, "folder"], "x", "mnist: sources.0.folder: unknown key 'folder'"),
        (["mnist", "sources", 1, "kind"], "ftp", "mnist: sources.1: .*'ftp'"),
        (["mnist", "sources", 1, "dataset"], "EMNIST", "mnist: sources.1.torchvision.dataset: .*'EMNIST'"),
        (["mnist", "class_names"], ["0", "1"], "mnist: class_names: "),
        (["../mnist"], {}, "../mnist: a data set's name is "),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, path: list[Any], value: object, complaint: str) -> None:
    values = yaml.safe_load(CONFIG.read_text())
    *parents, key = path
    place = values
    for parent in parents:
        place = place[parent]
    place[key] = value
    changed = tmp_path / "datasets.yaml"
    changed.write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match=f"^{changed}: {complaint}"):
        datasets(changed)


def test_an_unknown_data_set_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown data set 'cifar' \(known: mnist, fashion_mnist\)"):
        load_dataset_settings("cifar", CONFIG)


@pytest.fixture
def kept(tiny: Arrays, tmp_path: Path) -> tuple[Path, DatasetSettings]:
    """A data set on disk and its settings."""
    settings = settings_of(tiny, {"kind": "folder", "path": write_idx(tmp_path / "mine", tiny, 2)})
    return fetch("mnist", settings, tmp_path / "data"), settings


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda content: content[:-1], "damaged"),
        (lambda content: b"", "damaged"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "train_labels has SHA-256 "),
        (lambda content: content.replace(b"U8", b"I8", 1), "expected the uint8 tensors"),
        (lambda content: content.replace(b"test_labels", b"best_labels"), "expected the uint8 tensors"),
        (lambda content: content.replace(b"[6,4]", b"[4,6]"), r"train_images \(4, 6\) and train_labels"),
    ],
)
def test_a_tampered_file_is_refused_at_every_load(
    kept: tuple[Path, DatasetSettings], change: Callable[[bytes], bytes], complaint: str
) -> None:
    folder, settings = kept
    path = folder / "images.safetensors"
    load_dataset(folder, settings)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=f"^{path}: ({complaint}).*fetch it with: distancenets data fetch mnist$"):
        load_dataset(folder, settings)


def test_a_missing_file_is_answered_with_the_command_that_fetches_it(tmp_path: Path, tiny: Arrays) -> None:
    folder = tmp_path / "data" / "mnist"
    with pytest.raises(UserError, match=r"images.safetensors: no such file; .* distancenets data fetch mnist$"):
        load_dataset(folder, settings_of(tiny, FOLDER))


def test_a_failed_fetch_leaves_what_was_there(kept: tuple[Path, DatasetSettings]) -> None:
    folder, settings = kept
    others = settings.sha256.replaced(test_labels="0" * 64)
    with pytest.raises(UserError, match="every source failed"):
        fetch("mnist", settings.replaced(sources=[NOTHING], sha256=others), folder.parent)
    load_dataset(folder, settings)


def test_what_has_the_pinned_digests_is_kept(kept: tuple[Path, DatasetSettings]) -> None:
    """Offline, and whatever the file of data sets says about titles and sources."""
    folder, settings = kept
    before = {path: path.stat() for path in folder.iterdir()}
    said: list[str] = []
    offline = settings.replaced(sources=[NOTHING], title="Renamed")
    assert fetch("mnist", offline, folder.parent, say=said.append) == folder
    assert said == [f"mnist: {folder} has the pinned digests already"]
    assert {path: path.stat() for path in folder.iterdir()} == before
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text("{}")
    assert fetch("mnist", settings.replaced(sources=[NOTHING]), folder.parent) == folder
    assert (folder / "manifest.json").read_text() == manifest


@pytest.mark.parametrize("layout", ["", "mnist", "MNIST/raw", "raw"])
def test_files_are_found_as_torchvision_lays_them_out(tiny: Arrays, tmp_path: Path, layout: str) -> None:
    settings = settings_of(tiny, FOLDER)
    write_idx(tmp_path / "mine" / layout, tiny, 2)
    (tmp_path / "mine" / "FashionMNIST" / "raw").mkdir(parents=True)
    assert_serves(load_dataset(fetch("mnist", settings, tmp_path / "data", tmp_path / "mine"), settings), tiny)


def test_the_home_folder_is_expanded(tiny: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_idx(tmp_path / "digits", tiny, 2)
    settings = settings_of(tiny, {"kind": "folder", "path": "~/digits"})
    assert_serves(load_dataset(fetch("mnist", settings, tmp_path / "data"), settings), tiny)
    anywhere = settings_of(tiny, FOLDER)
    assert_serves(load_dataset(fetch("mnist", anywhere, tmp_path / "other", Path("~/digits")), anywhere), tiny)


def test_a_folder_in_a_file_s_place_is_named(tiny: Arrays, tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mine", tiny, 2)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    (folder / "t10k-labels-idx1-ubyte").mkdir()
    with pytest.raises(UserError, match="mine/t10k-labels-idx1-ubyte: a folder, not a file"):
        fetch("mnist", settings_of(tiny, FOLDER), tmp_path / "data", folder)


def test_a_full_folder_for_temporary_files_is_named(
    tiny: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    settings = settings_of(tiny, {"kind": "torchvision", "dataset": "MNIST"})
    with pytest.raises(UserError, match=rf"TMPDIR \({tempfile.gettempdir()}\): No space left on device"):
        fetch("mnist", settings, tmp_path / "data")


@pytest.fixture
def read_only(tiny: Arrays) -> Iterator[Path]:
    """A folder that nobody may write, with the tiny data set in its subfolder `mine`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_idx(folder / "mine", tiny, 2)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Let permissions bind root too, by taking another user's identity."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("unprivileged")
def test_a_root_that_cannot_be_written_is_named(tiny: Arrays, read_only: Path) -> None:
    settings = settings_of(tiny, {"kind": "folder", "path": read_only / "mine"})
    with pytest.raises(UserError, match=f"^{read_only}/data/mnist/images.safetensors: cannot be written: Perm"):
        fetch("mnist", settings, read_only / "data")
    assert [path.name for path in read_only.iterdir()] == ["mine"]


def test_the_command_fetches_from_the_folder_of_the_environment(tiny: Arrays, tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mine", tiny, 2, compressed=True)
    values = yaml.safe_load(CONFIG.read_text())
    values["mnist"] |= {"sha256": digests_of(tiny), "sources": [FOLDER]}
    config = tmp_path / "datasets.yaml"
    config.write_text(yaml.safe_dump(values))
    command = ["data", "fetch", "mnist", "--data", str(tmp_path / "data"), "--datasets", str(config)]
    outcome = CliRunner().invoke(app, command, env={"DISTANCENETS_DATA": str(folder)})
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output == f"mnist: fetched by folder into {tmp_path / 'data' / 'mnist'}\n"
    assert_serves(load_dataset(tmp_path / "data" / "mnist", load_dataset_settings("mnist", config)), tiny)
    shutil.rmtree(tmp_path / "data")
    outcome = CliRunner().invoke(app, command, env={"DISTANCENETS_DATA": None})
    assert isinstance(outcome.exception, UserError)


def of_ten_classes(pixels: int = 784) -> Arrays:
    images = np.random.default_rng(1).integers(0, 256, (20, pixels), dtype=np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 10
    return Arrays(images, labels, images[:10], labels[:10])


def test_a_new_data_set_is_pinned_to_its_bytes(tmp_path: Path) -> None:
    arrays = of_ten_classes()
    settings = pinned("mine", write_idx(tmp_path / "files", arrays, 28, compressed=True))
    assert settings.sha256.model_dump() == digests_of(arrays)
    share = arrays.train_images / 255
    assert (settings.pixel_mean, settings.pixel_sd) == pytest.approx((share.mean(), share.std()), abs=5e-5)
    assert_serves(load_dataset(fetch("mine", settings, tmp_path / "data", say=lambda _: None), settings), arrays)


def test_what_the_networks_cannot_take_is_not_pinned(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"small: train: 20 labels for 20 images of 4 pixels .*expected .* 784 pixels"):
        pinned("mine", write_idx(tmp_path / "small", of_ten_classes(4), 2))
    arrays = of_ten_classes()
    with pytest.raises(UserError, match="other: test: expected labels of all 10 classes, 0 to 9"):
        pinned("mine", write_idx(tmp_path / "other", arrays._replace(test_labels=arrays.test_labels + 1), 28))
    with pytest.raises(UserError, match="Mine: a data set's name is lower-case letters"):
        pinned("Mine", tmp_path / "other")
    with pytest.raises(UserError, match="nowhere/train-images-idx3-ubyte: no such file"):
        pinned("mine", tmp_path / "nowhere")


def write_qmnist_labels(path: Path, labels: NDArray[Any]) -> None:
    """Write `labels` as QMNIST does: eight numbers an image, the class first."""
    rows = np.full((len(labels), 8), -1, dtype=">i4")
    rows[:, 0] = labels
    path.write_bytes(gzip.compress(struct.pack(">3I", 0x0C02, *rows.shape) + rows.tobytes()))


def test_mnist_is_tested_on_the_images_of_qmnist(tmp_path: Path) -> None:
    arrays = of_ten_classes()
    folder = write_idx(tmp_path, arrays, 28)
    more = Arrays(*arrays[:2], test_images=arrays.train_images[::-1], test_labels=arrays.train_labels[::-1])
    (folder / "qmnist-test-images-idx3-ubyte").write_bytes(idx_content(more.test_images, 28))
    write_qmnist_labels(folder / "qmnist-test-labels-idx2-int.gz", more.test_labels)
    assert pinned("own", folder).sha256.model_dump() == digests_of(arrays)
    for own in folder.glob("t10k*"):
        own.unlink()
    settings = pinned("qmnist", folder)
    assert settings.sha256.model_dump() == digests_of(more)
    assert_serves(load_dataset(fetch("qmnist", settings, tmp_path / "data", say=lambda _: None), settings), more)


def test_a_class_that_no_byte_holds_is_named(tmp_path: Path) -> None:
    folder = write_idx(tmp_path, of_ten_classes(), 28)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    write_qmnist_labels(folder / "qmnist-test-labels-idx2-int.gz", np.array([3, 265]))
    with pytest.raises(UserError, match=r"qmnist-test-labels-idx2-int\.gz: classes of 3 to 265, expected 0 to 9"):
        pinned("mine", folder)
