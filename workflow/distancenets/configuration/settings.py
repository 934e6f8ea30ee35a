"""The base of every configuration model, and the loading of its file."""

import reprlib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from distancenets.errors import UserError
from distancenets.files import read_text

# The limit of one YAML file; the published record has about 1,100.
MOST_VALUES = 100_000

# One line that a person reads: no line breaks, no escape sequences of a terminal.
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]

SettingsType = TypeVar("SettingsType", bound="Settings")


class Settings(BaseModel):
    """A frozen group of settings that rejects unknown keys; `former` maps each removed key to a hint."""

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
        """Return a copy with `changes`, validated again; a `UserError` names the first wrong key."""
        return validated(type(self), self.model_dump() | changes, type(self).__name__.lower())


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which also rejects duplicate keys and documents that aliases inflate."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is not a single word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key '{key.value}' occurs twice", problem_mark=key.start_mark)
            # Several anchors may be merged into one mapping.
            if key.tag != "tag:yaml.org,2002:merge":
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_VALUES:,} values with all aliases expanded")
        return node


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values `node` has with all aliases expanded."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        # An alias within its own anchor would recurse without end.
        known[id(node)] = MOST_VALUES
        parts = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in the YAML file `path`; a `UserError` names the fault."""
    try:
        values = yaml.load(read_text(path), _Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise UserError(f"{path}: not valid YAML: nested too deeply") from error
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
        given = "" if isinstance(first["input"], dict) else f" (given: {_shown(first['input'])})"
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{source}: {key + ': ' if key else ''}{message}{given}") from error


def _shown(value: object) -> str:
    """Return the repr of `value`, shortened in the middle if it is long."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 60
    return short.repr(value)


def load(kind: type[SettingsType], path: Path) -> SettingsType:
    """Read and validate the YAML file `path` as a `kind`."""
    return validated(kind, read_yaml(path), path)
