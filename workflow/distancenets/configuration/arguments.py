"""The study files among Snakemake's arguments, which Snakemake reads before any rule."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from distancenets.errors import UserError
from distancenets.files import read_text

OPTIONS = ("--configfile", "--configfiles")


def refuse_unreadable_studies(arguments: Sequence[str]) -> None:
    """End the process with one line if a study that `arguments` name is not UTF-8; Snakemake would give a traceback."""
    try:
        for path in studies(arguments):
            read_text(path)
    except UserError as error:
        raise SystemExit(f"error: {error}") from None


def studies(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the files behind `--configfile`, which takes several words or one after `=`."""
    named = False
    for word in arguments:
        option, _, value = word.partition("=")
        if word.startswith("-"):
            named = option in OPTIONS
            if named and value:
                yield Path(value)
        elif named:
            yield Path(word)
