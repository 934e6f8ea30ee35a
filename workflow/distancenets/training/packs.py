"""A pack: the seeds of one model that are trained together, and where their files lie."""

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run
from distancenets.errors import UserError
from distancenets.files import sha256
from distancenets.training.paths import run_path
from distancenets.training.provenance import code_digest
from distancenets.training.runs import RunFolder


@dataclass(frozen=True)
class Pack:
    """Seeds of one model, trained together; a pack of one is one run.

    `root` is the study's folder; `experiment` names the recipe's experiment in the paths.
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
    def digest(self) -> str:
        """One digest over the recipes of all seeds."""
        return sha256(" ".join(self.recipe.run_digest(seed) for seed in self.seeds).encode())

    @property
    def label(self) -> str:
        """The pack in words, such as `raw relu/intensity seeds 0-2`."""
        return f"{self.experiment} {self.recipe.architecture}/{self.recipe.representation} {self._seeds}"

    @property
    def checkpoint(self) -> Path:
        """The pack's checkpoint: no output of a job, so that a failed job keeps it."""
        model = Path(self.experiment, self.recipe.architecture, self.recipe.representation)
        return self.root / "checkpoints" / model / f"{self._seeds.replace(' ', '-')}.safetensors"

    @property
    def _seeds(self) -> str:
        first, last = self.seeds[0], self.seeds[-1]
        if first == last:
            return f"seed {first}"
        dense = len(self.seeds) == last - first + 1
        return f"seeds {first}-{last}" if dense else "seeds " + ",".join(str(seed) for seed in self.seeds)


def passed_through(pack: Pack, seed: int) -> Recipe | None:
    """Return the recipe of a finished, shorter run of `seed` that the pack's own passes through, or None."""
    found = pack.folder(seed).finished()
    if found is None or found["code"]["digest"] != code_digest():
        return None
    try:
        recipe = Recipe.model_validate(found["recipe"])
    except (KeyError, ValidationError):
        return None
    return recipe if pack.recipe.extends(recipe) else None


def unfinished(pack: Pack, overwrite: bool) -> Pack | None:
    """Return the part of `pack` that is still to be trained, or None where all of it is there.

    A finished run counts if its recipe and the code that decides what it computes are the ones at hand. A shorter run
    of the same recipe is gone on from.

    Raises
    ------
    UserError
        A finished run was made with other parameters, and `overwrite` does not allow to replace it.
    """
    missing = []
    for seed in pack.seeds:
        folder, digest = pack.folder(seed), pack.recipe.run_digest(seed)
        found = folder.finished()
        known = found is None or found["digest"] == digest or passed_through(pack, seed) is not None
        if not known and not overwrite:
            raise UserError(f"{folder.folder}: holds a run made with other parameters (--overwrite replaces it)")
        if found is None or (found["digest"], found["code"]["digest"]) != (digest, code_digest()):
            missing.append(seed)
    return replace(pack, seeds=tuple(missing)) if missing else None
