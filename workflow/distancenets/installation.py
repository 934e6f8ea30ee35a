"""The installation: check that this package is the checkout's, and that its libraries have allowed versions."""

from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

from distancenets.errors import UserError
from distancenets.files import sha256_of_files

PACKAGE = Path(__file__).parent
NAME = "distancenets"


def check_installation(folder: Path) -> None:
    """Refuse to work in `folder` with the package of another checkout, or with libraries that are too old.

    Raises
    ------
    UserError
        `folder` is a checkout whose sources differ from the imported package's, or a library is outside the bounds of
        pyproject.toml.
    """
    _check_package(folder / "workflow" / NAME)
    _check_libraries()


def _check_package(here: Path) -> None:
    if not (here / "__init__.py").is_file() or here.samefile(PACKAGE):
        return
    # A container runs its own copy of the sources: equal ones compute the same.
    if _digest(here) != _digest(PACKAGE):
        raise UserError(
            f"{here}: not the package that runs, which is {PACKAGE}; "
            "in this checkout run `make env`, then use .venv/bin, with PYTHONPATH unset"
        )


def _digest(package: Path) -> str:
    return sha256_of_files(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _check_libraries() -> None:
    try:
        needed = [Requirement(text) for text in requires(NAME) or ()]
    except PackageNotFoundError:
        # Run from its sources, without metadata about requirements.
        return
    for requirement in needed:
        if requirement.marker is None or requirement.marker.evaluate():
            _check_library(requirement)


def _check_library(requirement: Requirement) -> None:
    try:
        found = distribution(requirement.name)
    except PackageNotFoundError:
        # Training needs neither Snakemake nor DVC.
        return
    if not requirement.specifier.contains(found.version, prereleases=True):
        raise UserError(
            f"{requirement.name} {found.version} in {found.locate_file('')}: {NAME} needs {requirement.specifier}; "
            "unset PYTHONPATH, or run `make env` and use .venv/bin"
        )
