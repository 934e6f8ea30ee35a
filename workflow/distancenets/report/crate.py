"""A study as a Workflow Run RO-Crate: one ZIP file for data archives and editors.

https://w3id.org/ro/wfrun/workflow/0.5 is the profile. The library `rocrate` writes the metadata and the ZIP file.
"""

import mimetypes
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Dataset, File
from rocrate.rocrate import ROCrate

from distancenets import __version__
from distancenets.configuration.settings import read_yaml
from distancenets.configuration.study import Run, Study
from distancenets.errors import UserError
from distancenets.files import read_bytes, replacing, sha256
from distancenets.runs.archive import ArchivedRun, entries
from distancenets.runs.manifest import archive_folder

WORKFLOW, LOCK, CITATION, README = "Snakefile", "envs/run.txt", "CITATION.cff", "README.md"
PROJECT = ("workflow", "config", "profiles", "envs", "pyproject.toml", "Makefile", "LICENSE", CITATION, README)
# Left out of a study: weights, logs and checkpoints. The archive contains the runs.
LEFT_OUT = {"runs", "checkpoints", "diverged", "logs", "benchmarks"}
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
MEDIA_TYPES = {
    ".cff": "application/yaml",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".smk": "text/x-python",
    ".yaml": "application/yaml",
}
SUFFIX = ".crate.zip"


def write_crate(target: Path, study_file: Path, study: Study, root: Path, datasets: Path) -> int:
    """Pack `study` and its results in `root` into the ZIP file `target`; return its number of files.

    Paths are relative to the working directory, the project's folder, and stay the same in the crate.

    Raises
    ------
    UserError
        The study has no archived run, or a file of the project is missing.
    """
    archived = entries(study, root, datasets)
    if not archived:
        raise UserError(f"{archive_folder(root)}: no archived run; run `distancenets archive --study {study_file}`")
    # 1.1 is the newest version that the profile builds on.
    crate = ROCrate(version="1.1")
    for path in (*_files(map(Path, PROJECT)), *_files([root])):
        if path.resolve() != target.resolve():
            crate.add_file(path, path.as_posix(), properties=_properties(path))
    folders = [root, archive_folder(root)]
    for path in folders:
        # The files are entities of their own.
        folder = crate.add(Dataset(crate, dest_path=path.as_posix(), properties={"name": path.as_posix()}))
        folder["hasPart"] = [file for file in _entities(crate) if file.id.startswith(folder.id)]
    snakefile = _properties(Path(WORKFLOW)) | {"conformsTo": {"@id": BIOSCHEMAS}, "version": __version__}
    workflow = crate.add_workflow(WORKFLOW, WORKFLOW, main=True, lang="snakemake", properties=snakefile)
    workflow["softwareRequirements"] = crate.get(LOCK)
    inputs = [study_file.as_posix(), datasets.as_posix(), "config/published.yaml"]
    outputs = [f"{path.as_posix()}/" for path in folders]
    workflow["input"] = [_slot(crate, name, "File") for name in inputs]
    workflow["output"] = [_slot(crate, name, "Dataset") for name in outputs]
    _describe(crate, study)
    action = crate.add_action(
        workflow,
        f"#{study.study}",
        [crate.get(name) for name in inputs],
        [crate.get(name) for name in outputs],
        _execution(study_file, study, archived) | {"agent": crate.root_dataset["author"]},
    )
    crate.root_dataset["mentions"] = action
    crate.root_dataset["datePublished"] = action["endTime"]
    with replacing(target) as temporary:
        crate.write_zip(temporary)
        # The library writes no entries for folders, but the validator expects them.
        with zipfile.ZipFile(temporary, "a") as file:
            for name in outputs:
                file.writestr(zipfile.ZipInfo(name), b"")
    return len(_entities(crate))


def _entities(crate: ROCrate) -> list[File]:
    return [entity for entity in crate.data_entities if isinstance(entity, File)]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            kept = (each for each in sorted(path.iterdir()) if each.name not in LEFT_OUT | {"__pycache__"})
            yield from _files(each for each in kept if not each.name.startswith(".") and not each.name.endswith(SUFFIX))
        else:
            yield path


def _properties(path: Path) -> dict[str, Any]:
    content = read_bytes(path)
    media_type = MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    size = {"contentSize": str(len(content)), "sha256": sha256(content)}
    return {"name": path.as_posix(), "encodingFormat": media_type} | size


def _slot(crate: ROCrate, name: str, kind: str) -> ContextEntity:
    """A formal parameter of the workflow, filled by the entity `name`."""
    value = crate.get(name)
    if value is None:
        raise UserError(f"{name}: not a file of the project; export in the project's folder")
    parameter = crate.add_formal_parameter(name, kind, identifier=f"#parameter-{name}", valueRequired=True)
    parameter["workExample"], value["exampleOfWork"] = value, parameter
    return parameter


def _describe(crate: ROCrate, study: Study) -> None:
    """Fill the root entity from the study and CITATION.cff."""
    citation = read_yaml(Path(CITATION))
    license_id, paper = citation["license"], citation["references"][0]
    described: Mapping[str, dict[str, Any]] = {
        f"https://spdx.org/licenses/{license_id}": {"@type": "CreativeWork", "name": f"{license_id} License"},
        paper["url"]: {"@type": "ScholarlyArticle", "name": paper["title"]},
        "#authors": {"@type": "Organization", "name": ", ".join(author["name"] for author in citation["authors"])},
    }
    entities = [crate.add(ContextEntity(crate, name, properties=values)) for name, values in described.items()]
    crate.root_dataset["license"], crate.root_dataset["citation"], crate.root_dataset["author"] = entities
    crate.name = f"{study.title} ({study.study})"
    crate.description = f"Results, archived runs, workflow, locks and provenance. {citation['title']}."
    crate.get(README)["about"] = crate.root_dataset
    crate.root_dataset["conformsTo"] = [
        crate.add(ContextEntity(crate, url, properties={"@type": "CreativeWork", "name": name, "version": version}))
        for url, (name, version) in PROFILES.items()
    ]


def _execution(study_file: Path, study: Study, archived: Mapping[Run, ArchivedRun]) -> dict[str, Any]:
    """The times at which archived runs were trained, their number, and the command."""
    provenance = [entry.provenance for entry in archived.values()]
    wanted = len(list(study.runs()))
    return {
        "name": f"The study '{study.study}'",
        "description": f"snakemake --configfile {study_file}: {len(archived)} of {wanted} runs are archived",
        "startTime": _to_the_second(min(run["started"] for run in provenance)),
        "endTime": _to_the_second(max(run["ended"] for run in provenance)),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _to_the_second(time: str) -> str:
    return datetime.fromisoformat(time).isoformat(timespec="seconds")
