"""Which engine is selected, and what is said where a faster one is missing."""

import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from distancenets.errors import UserError
from distancenets.models.registry import models
from distancenets.training.engines.native import build as building
from distancenets.training.engines.native.build import activations_header
from distancenets.training.engines.registry import select_engine
from requirements import needs_compiler

CPU = torch.device("cpu")
RELU = models()[0]
NEW = replace(RELU, activation=replace(RELU.activation, paper_name="New", value=None))


@pytest.fixture
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Nothing that was built before is remembered or cached; gives the folder of the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    building.build.cache_clear()
    yield tmp_path / "cache" / "distancenets"
    building.build.cache_clear()


@needs_compiler
def test_the_cpu_is_compiled_for() -> None:
    selected = select_engine("auto", RELU, CPU)
    assert (selected.name, selected.note) == ("compiled", None) == (select_engine("compiled", RELU, CPU).name, None)
    assert selected.build == {"compiler": building.build().compiler, "target": building.target()}


def test_a_model_without_a_c_form_is_dense_and_says_so() -> None:
    selected = select_engine("auto", NEW, CPU)
    assert selected.name == "dense" and selected.note is not None
    assert "New has no C form" in selected.note and "on the machine" in selected.note and "\n" not in selected.note
    with pytest.raises(UserError, match=r"training\.engine: New has no C form"):
        select_engine("compiled", NEW, CPU)


def test_a_processor_without_a_target_is_dense_and_says_so(
    nothing_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "processor", lambda *_: "sse2 avx")
    selected = select_engine("auto", RELU, CPU)
    assert selected.name == "dense" and "no AVX2 and FMA" in str(selected.note)
    with pytest.raises(UserError, match=r"training\.engine: compiled does not work here: .* no AVX2"):
        select_engine("compiled", RELU, CPU)
    monkeypatch.setenv("DISTANCENETS_MARCH", "x86_64_v3")
    with pytest.raises(UserError, match="DISTANCENETS_MARCH=x86_64_v3: this processor lacks"):
        select_engine("auto", RELU, CPU)
    monkeypatch.setenv("DISTANCENETS_MARCH", "i486")
    with pytest.raises(UserError, match="DISTANCENETS_MARCH=i486: expected one of: x86_64_v4, x86_64_v3"):
        select_engine("auto", RELU, CPU)


def test_another_compiler_is_refused_if_it_is_missing_or_fails(
    nothing_built: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -pthread")
    with pytest.raises(UserError, match="CC=no-such-compiler -pthread: there is no 'no-such-compiler'; unset CC"):
        select_engine("auto", RELU, CPU)
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\n[ $1 = --version ] && echo broken 1.0 && exit 0\necho 'error: cannot' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    with pytest.raises(UserError, match=r"the C compiler fails .*: error: cannot; unset CC"):
        select_engine("auto", RELU, CPU)
    assert not list(nothing_built.glob("*"))


@needs_compiler
def test_another_compiler_is_recorded(nothing_built: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The compiler in the lock under another name stands for one of the user's."""
    other = tmp_path / "clang"
    say = 'case "$*" in *--version) echo other clang 1.0; exit 0;; esac'
    other.write_text(f'#!/bin/sh\n{say}\nexec "{sys.executable}" -m ziglang cc "$@"\n')
    other.chmod(0o755)
    monkeypatch.setenv("CC", f"{other} -march=x86_64_v3 -Wno-unused-command-line-argument")
    monkeypatch.setattr(building, "_march", lambda *_: [])
    assert select_engine("auto", RELU, CPU).build["compiler"] == "other clang 1.0"


@needs_compiler
@pytest.mark.parametrize("kind", ["a file in its place", "a link", "writable by others"])
def test_a_cache_that_is_not_the_users_own_is_not_used(nothing_built: Path, kind: str) -> None:
    nothing_built.parent.mkdir()
    if kind == "a file in its place":
        nothing_built.write_text("")
    elif kind == "a link":
        (nothing_built.parent / "elsewhere").mkdir()
        nothing_built.symlink_to(nothing_built.parent / "elsewhere")
    else:
        nothing_built.mkdir()
        nothing_built.chmod(0o777)
    assert select_engine("auto", RELU, CPU).name == "compiled"
    assert not list(nothing_built.parent.rglob("*.so"))


@needs_compiler
@pytest.mark.parametrize("damage", ["cut", "flipped", "open to others"])
def test_a_damaged_library_is_built_again(nothing_built: Path, damage: str) -> None:
    building.build()
    [library] = nothing_built.glob("*.so")
    content = library.read_bytes()
    if damage == "open to others":
        library.chmod(0o666)
    else:
        library.unlink()
        library.write_bytes(content[: len(content) // 2] if damage == "cut" else content[:-1] + b"x")
    building.build.cache_clear()
    assert select_engine("auto", RELU, CPU).name == "compiled"
    [library] = nothing_built.glob("*.so")
    assert library.read_bytes() == content and not stat.S_IMODE(library.stat().st_mode) & 0o022


def test_a_gpu_is_never_given_the_compiled_engine() -> None:
    assert select_engine("auto", RELU, torch.device("meta")).name == "dense"
    with pytest.raises(UserError, match="compiled works on the CPU only"):
        select_engine("compiled", RELU, torch.device("meta"))
    with pytest.raises(UserError, match="split needs an NVIDIA GPU"):
        select_engine("split", RELU, CPU)


def test_every_activation_is_in_the_source() -> None:
    header = activations_header()
    assert "return z < 0 ? 0 : z;" in header and "case 1: for" in header
