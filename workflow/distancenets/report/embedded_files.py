"""Files embedded in the page as links that need no network."""

import base64
import gzip
from pathlib import Path
from typing import NamedTuple

from distancenets.derived import read_content

# Bytes. Files above PLAIN are compressed. If they are still above LARGEST, the page gives their path only.
PLAIN = 60_000
LARGEST = 400_000
KINDS = {".csv": "text/csv", ".tex": "text/plain", ".json": "application/json", ".yaml": "text/plain"}
KINDS |= {".md": "text/plain", ".gz": "application/gzip"}


class Download(NamedTuple):
    """A file that the page offers: its path in the study, its size in words, its content as a data address.

    `address` is None if the file is too large, or `repeated`: embedded further up in the page.
    """

    path: str
    size: str
    address: str | None
    repeated: bool = False

    @property
    def name(self) -> str:
        """A file name that is unique in the page."""
        return self.path.replace("/", "_")


class Downloads:
    """The downloads of one page, from the files below `root`; each is embedded once.

    On a page of several studies, `prefix` distinguishes their files.
    """

    def __init__(self, root: Path, prefix: str = "") -> None:
        self.root, self.prefix = root, prefix
        self.held: dict[str, Download] = {}

    def file(self, path: str) -> Download:
        """Return the file `path` below the root; a `UserError` names a file that cannot be read or was changed."""
        if path in self.held:
            return self.held[path]
        return self.content(path, read_content(self.root / path))

    def content(self, path: str, content: bytes) -> Download:
        """Return `content` as the file `path`, compressed if it is long."""
        size = in_words(len(content))
        if len(content) > PLAIN:
            path, content = f"{path}.gz", gzip.compress(content, mtime=0)
            size = f"{size}, compressed"
        if len(content) > LARGEST:
            return Download(self.prefix + path.removesuffix(".gz"), size.removesuffix(", compressed"), None)
        found = Download(self.prefix + path, size, data_address(content, KINDS[Path(path).suffix]))
        self.held[path.removesuffix(".gz")] = found._replace(address=None, repeated=True)
        return found


def data_address(content: bytes, kind: str) -> str:
    """Return `content` as a data address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def in_words(size: int) -> str:
    """Return a number of bytes as text, in bytes or kB."""
    return f"{size:,} bytes" if size < 1000 else f"{size / 1000:,.0f} kB"
