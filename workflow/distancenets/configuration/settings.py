"""The base of every configuration model, and how a file becomes one."""

from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from distancenets.errors import UserError
from distancenets.files import read_text

SettingsType = TypeVar("SettingsType", bound="Settings")


class Settings(BaseModel):
    """A frozen group of settings that refuses keys it does not know; `former` says what became of earlier ones."""

    former: ClassVar[dict[str, str]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, values: object) -> object:
        unknown = [key for key in values if key not in cls.model_fields] if isinstance(values, dict) else []
        if unknown and unknown[0] in cls.former:
            raise PydanticCustomError("former_key", "{hint}", {"hint": f"no longer a key: {cls.former[unknown[0]]}"})
        if unknown:
            raise PydanticCustomError(
                "unknown_key",
                "unknown key '{key}' (expected one of: {known})",
                {"key": str(unknown[0]), "known": ", ".join(cls.model_fields)},
            )
        return values

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with `changes` made, validated again."""
        return type(self).model_validate(self.model_dump() | changes)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in the YAML file `path`; a `UserError` names what is wrong with it."""
    try:
        values = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected a mapping of keys to values")
    return values


def validated(kind: type[SettingsType], values: object, source: object) -> SettingsType:
    """Return `values` as a `kind`; a `UserError` names `source`, the key, what was given and what was expected."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        given = "" if isinstance(first["input"], dict) else f" (given: {first['input']!r})"
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{source}: {key + ': ' if key else ''}{message}{given}") from error


def load(kind: type[SettingsType], path: Path) -> SettingsType:
    """Read and validate the YAML file `path` as a `kind`."""
    return validated(kind, read_yaml(path), path)
