"""The generated pages of docs/: configuration, outputs, and how to interpret results."""

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic.fields import FieldInfo

from distancenets.claims.serialization import read as read_claims
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.settings import Settings
from distancenets.configuration.study import Study
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.markdown import markdown_table
from distancenets.measurements.registry import FIGURES, MEASUREMENTS
from distancenets.statistics.columns import COMPARISONS, SUMMARY

LONGEST_DEFAULT = 60
READINGS = {
    "holds": "All of it is in the region, so the condition holds.",
    "fails": "All of it is outside the region, so the condition fails.",
    "open": "It crosses the edge of the region, so the condition is open.",
}


def template(name: str, **values: object) -> str:
    """The page of the template `name` of this package, filled with `values`."""
    environment = Environment(
        loader=PackageLoader("distancenets", "report"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(name).render(values)


def outputs_page() -> str:
    """docs/outputs.md: every file of a study and its columns."""
    return template(
        "outputs.md.j2",
        summary=_columns(SUMMARY),
        comparisons=_columns(COMPARISONS),
        catalogue=MEASUREMENTS,
        figures=FIGURES,
    )


def configuration_page() -> str:
    """docs/configuration.md: every key of a study with its default and meaning."""
    return template("configuration.md.j2", groups=[_group(path, kind) for path, kind in _kinds("", Study)])


def _columns(columns: Mapping[str, str]) -> str:
    rows = [[f"`{name}`", meaning] for name, meaning in columns.items()]
    return markdown_table(["column", "meaning"], rows).strip()


def _kinds(path: str, kind: type[Settings]) -> Iterator[tuple[str, type[Settings]]]:
    """Every group of settings inside `kind`, with the path of keys that leads to it."""
    yield path, kind
    for name, field in kind.model_fields.items():
        inner = f"{path}.{name}".strip(".") + (".<name>" if get_origin(field.annotation) is dict else "")
        for part in _settings(field.annotation):
            yield from _kinds(inner, part)


def _settings(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [found for part in get_args(annotation) for found in _settings(part)]


def _group(path: str, kind: type[Settings]) -> dict[str, str]:
    rows = [
        [f"`{name}`", _default(field), _meaning(field)]
        for name, field in kind.model_fields.items()
        if field.description or not _settings(field.annotation)
    ]
    about = " ".join((kind.__doc__ or "").split())
    return {"path": path, "about": about, "table": markdown_table(["key", "default", "meaning"], rows).strip()}


def _meaning(field: FieldInfo) -> str:
    choices = _choices(field.annotation)
    text = (field.description or "").rstrip(".").replace("<", r"\<")
    return f"{text} ({' or '.join(f'`{choice}`' for choice in choices)})" if choices else text


def _choices(annotation: Any) -> list[object]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) in (types.UnionType, typing.Union):
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return []


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Settings):
        value = value.model_dump(mode="json")
    if value in (None, (), {}):
        return "–"
    text = json.dumps(value, ensure_ascii=False).strip('"') if not isinstance(value, str) else value
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else f"{len(value)} values"


def interpreting_page(study: Study, root: Path) -> str:
    """docs/interpreting-results.md: verdicts, SDs and intervals with examples from the results in `root`."""
    rulings = [entry for entry in read_claims(root / "claims.json") if entry["experiment"] == study.reported_experiment]
    examples = {entry["verdict"]: entry for entry in reversed(rulings)}
    return template(
        "interpreting.md.j2",
        root=root.as_posix(),
        examples=[examples[verdict] for verdict in map(str, Verdict) if verdict in examples],
        sd=_sd_example(root / "tables" / "table2.csv"),
        interval=_interval_example(root / "claims.json", rulings),
    )


def _sd_example(path: Path) -> dict[str, Any]:
    """The first model of Table 2 with more than one run."""
    table = read_derived(path, ("model", "n", "sd_population", "sd_sample", "published_sd"))
    several = table[table["n"] > 1]
    if several.empty:
        raise UserError(f"{path}: no model has two runs; an SD needs two")
    row = several.iloc[0]
    spread = {"population": row["sd_population"], "sample": row["sd_sample"], "published": row["published_sd"]}
    return {"model": row["model"], "n": int(row["n"]), "factor": (row["n"] / (row["n"] - 1)) ** 0.5} | spread


def _interval_example(path: Path, rulings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first condition that was judged by an interval."""
    for entry in rulings:
        for condition in entry["conditions"]:
            if condition["outcome"] in READINGS and "(" in condition["text"]:
                reading = READINGS[condition["outcome"]]
                seeds = condition.get("seeds", entry["seeds"])
                epochs = f"{entry['epochs']:,}"
                judged = {"claim": entry["claim"], "epochs": epochs, "seeds": seeds, "text": condition["text"]}
                return judged | {"reading": reading}
    raise UserError(f"{path}: no condition was judged by an interval")
