"""DVC's cache, checked against dvc.lock: DVC itself trusts a write-protected file of its cache without reading it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from distancenets.configuration.settings import read_yaml
from distancenets.errors import UserError


def check_artifacts(lock: Path, cache: Path) -> int:
    """Return the number of undamaged files in `cache` that `lock` names; files that are not cached are skipped.

    Raises
    ------
    UserError
        The MD5 of a cached file is not its name; the message gives its path in the working tree and in the cache.
    """
    count = 0
    for path, md5 in _cached(lock, cache):
        _refuse_damaged(path, md5, cache)
        count += 1
    return count


def _cached(lock: Path, cache: Path) -> Iterator[tuple[str, str]]:
    """Yield the path in the working tree and the MD5 of each cached output, folders before their files."""
    for stage in read_yaml(lock)["stages"].values():
        for output in stage.get("outs", ()):
            path, md5 = output["path"], output["md5"]
            if not _file(cache, md5).exists():
                continue
            yield path, md5
            if md5.endswith(".dir"):
                entries = json.loads(_file(cache, md5).read_bytes())
                files = [(f"{path}/{entry['relpath']}", entry["md5"]) for entry in entries]
                yield from (file for file in files if _file(cache, file[1]).exists())


def _refuse_damaged(path: str, md5: str, cache: Path) -> None:
    file = _file(cache, md5)
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "md5").hexdigest()
    if found != md5.removesuffix(".dir"):
        raise UserError(f"{path}: damaged in DVC's cache ({file}); remove that file, then `dvc pull` or `dvc repro`")


def _file(cache: Path, md5: str) -> Path:
    return cache / "files" / "md5" / md5[:2] / md5[2:]
