"""Which engine is chosen, and what a compiler that is missing or fails costs: speed, one line, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from compilers import needs_compiler
from distancenets.errors import UserError
from distancenets.training.engines import compiler, integer, registry
from distancenets.training.engines.registry import choose


@pytest.fixture
def nothing_built() -> Iterator[None]:
    """Nothing that was compiled before is remembered, and nothing of this test after it."""
    for remembered in (compiler.compiled, integer.products):
        remembered.cache_clear()
    yield
    for remembered in (compiler.compiled, integer.products):
        remembered.cache_clear()


@pytest.mark.usefixtures("nothing_built")
@pytest.mark.parametrize("processor", ["flags: avx2", "flags: avx2 amx_int8"])
def test_without_a_compiler_auto_is_boxed_and_says_so(processor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr(integer, "features", lambda: processor)
    choice = choose("auto", torch.device("cpu"))
    assert choice.name == "boxed" and choice.build == {}
    assert choice.note is not None and "no C compiler" in choice.note and "\n" not in choice.note
    for engine in ("sparse", "integer"):
        with pytest.raises(UserError, match=rf"training\.engine: {engine} .* no C compiler"):
            choose(engine, torch.device("cpu"))


@pytest.mark.usefixtures("nothing_built")
def test_a_compiler_that_fails_costs_speed_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\n[ $1 = --version ] && echo broken 1.0 && exit 0\necho cannot >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    choice = choose("auto", torch.device("cpu"))
    assert choice.name == "boxed" and choice.note is not None and choice.note.endswith("(cannot)")
    assert not list((tmp_path / "cache").rglob("*.so*"))


@needs_compiler
@pytest.mark.usefixtures("nothing_built")
def test_a_cache_that_cannot_be_written_costs_a_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert choose("auto", torch.device("cpu")).name in ("sparse", "integer")


@needs_compiler
@pytest.mark.parametrize(("tiles", "engine"), [(True, "integer"), (False, "sparse")])
def test_auto_takes_integers_where_there_are_tiles(tiles: bool, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has_tiles", lambda: tiles)
    choice = choose("auto", torch.device("cpu"))
    assert (choice.name, choice.precision, choice.note) == (engine, "float32", None)
    assert choice.build["flags"] == registry.COMPILED[engine]().flags


def test_another_device_than_the_cpu_stays_dense() -> None:
    assert choose("auto", torch.device("meta")).name == "dense"
    for engine in ("sparse", "integer"):
        with pytest.raises(UserError, match=f"{engine} works on the CPU only"):
            choose(engine, torch.device("meta"))
