"""A pack: the seeds of one model that are trained together, and the paths of their files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, seed_ranges
from distancenets.errors import Damaged, UserError
from distancenets.files import sha256
from distancenets.training.fingerprint import is_current
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder

# Most characters of a list of seeds in a file name. File systems allow 255 for the whole name.
LONGEST_NAME = 100


@dataclass(frozen=True)
class Pack:
    """Seeds of one model, trained together. A pack of one seed is one run.

    `root` is the study's folder. `experiment` is the experiment's name in the paths.
    """

    root: Path
    experiment: str
    recipe: Recipe
    seeds: tuple[int, ...]

    def run(self, seed: int) -> Run:
        """Return the axes of the run of `seed`."""
        return Run(self.experiment, self.recipe.architecture, self.recipe.representation, seed)

    def folder(self, seed: int) -> RunFolder:
        """Return the files of the run of `seed`."""
        return RunFolder(self.root / run_path(self.run(seed)))

    @property
    def label(self) -> str:
        """The pack in words, such as `raw relu/intensity seeds 0-2`."""
        return f"{self.experiment} {self.recipe.architecture}/{self.recipe.representation} {self._seeds}"

    @property
    def checkpoints(self) -> Path:
        """The folder of the model's checkpoints. They are not outputs of a job, so that a failed job keeps them."""
        return self.root / "checkpoints" / self.experiment / self.recipe.architecture / self.recipe.representation

    @property
    def checkpoint(self) -> Path:
        """The checkpoint that this pack writes."""
        name = self._seeds.replace(" ", "-")
        if len(name) > LONGEST_NAME:
            name = f"seeds-{self.seeds[0]}-to-{self.seeds[-1]}-{sha256(name.encode())[:12]}"
        return self.checkpoints / f"{name}.safetensors"

    @property
    def _seeds(self) -> str:
        return f"seed{'s' if len(self.seeds) > 1 else ''} {seed_ranges(self.seeds)}"


def passed_through(pack: Pack, seed: int) -> Recipe | None:
    """Return the recipe of a finished shorter run of `seed` that the pack's recipe extends, or None."""
    found = _finished(pack, seed)
    if found is None or not is_current(pack.recipe, found):
        return None
    try:
        recipe = Recipe.model_validate(found["recipe"])
    except ValidationError:
        return None
    return recipe if pack.recipe.extends(recipe) else None


def is_finished(pack: Pack, seed: int) -> bool:
    """Whether the run of `seed` exists undamaged, with the pack's recipe and the current code's fingerprint."""
    found = _finished(pack, seed)
    return found is not None and found["digest"] == pack.recipe.run_digest(seed) and is_current(pack.recipe, found)


def unfinished(pack: Pack, overwrite: bool, tell: Callable[[str], None]) -> Pack | None:
    """Return the pack of the seeds that are not yet trained, or None if all are finished.

    A run counts as finished if its recipe and its fingerprint are current. Training continues from a shorter run of the
    same recipe. A damaged run counts as unfinished and is reported through `tell`.

    Raises
    ------
    UserError
        A finished run was made with other parameters, and `overwrite` is off.
    """
    missing = []
    for seed in pack.seeds:
        folder = pack.folder(seed)
        found = _finished(pack, seed, tell)
        known = found is None or found["digest"] == pack.recipe.run_digest(seed) or passed_through(pack, seed)
        if not known and not overwrite:
            raise UserError(f"{folder.folder}: contains a run made with other parameters; --overwrite replaces it")
        if not is_finished(pack, seed):
            missing.append(seed)
    return replace(pack, seeds=tuple(missing)) if missing else None


def _finished(pack: Pack, seed: int, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any] | None:
    try:
        return pack.folder(seed).finished()
    except Damaged as error:
        tell(f"trained again: {error}")
        return None
