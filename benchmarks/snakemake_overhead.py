"""What Snakemake itself costs for 320, 3,200 and 32,000 runs, with a stub in place of training.

    python benchmarks/snakemake_overhead.py --json FILE              the table; a quarter of an hour on a free machine
    python benchmarks/snakemake_overhead.py --runs 320 --json FILE   some of it

Three things are measured, in seconds of CPU (which other work on the machine disturbs least) and by the wall:
`dag`, a dry run of the whole study; `job`, a dry run of one training job as a cluster's node starts it, which it does
twice; `execution`, all training jobs on this machine by the stub, in place of which 32,000 runs are not executed.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parent.parent
PARTS = ("Snakefile", "config", "workflow", "profiles", "envs")
MODELS = 16
RUNS = (320, 3200, 32000)
# Beyond this, execution would take more than a few minutes.
EXECUTED = 3200
# A pack's job has three outputs a seed, each compared with every file that any rule asks for: the square of the seeds.
PACKED = 3200
MODEL = "experiment=published,architecture=relu,representation=distance"


def copy_of_the_workflow(folder: Path) -> None:
    """Copy what Snakemake reads to `folder`, with a data set that nobody reads."""
    for part in PARTS:
        source = REPOSITORY / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    (folder / "data" / "mnist").mkdir(parents=True)
    for name in ("images.safetensors", "manifest.json"):
        (folder / "data" / "mnist" / name).touch()


def write_study(folder: Path, runs: int, packing: str) -> str:
    """Write the study of all models with `runs` runs and return its file."""
    name = f"scale_{runs}_{packing}"
    study = {
        "study": name,
        "title": f"{runs} runs",
        "seeds": runs // MODELS,
        "models_per_job": packing,
        "experiments": {"published": {"epochs": 50000, "milestones": [5000]}},
    }
    file = folder / "config" / f"{name}.yaml"
    file.write_text(yaml.safe_dump(study))
    return f"config/{name}.yaml"


def timed(folder: Path, *arguments: str) -> dict[str, float]:
    """Run snakemake in `folder` and return the seconds that it and its jobs took."""
    surroundings = os.environ | {
        "PATH": os.pathsep.join([str(REPOSITORY / "benchmarks" / "stub"), os.environ["PATH"]]),
        "PYTHONPATH": str(folder / "workflow"),
    }
    # Jobs start Python thousands of times: with its bytecode kept, as on any machine in use.
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-m", "snakemake", "--quiet", "all", *arguments],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        sys.exit(answer.stdout + answer.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds": round(cpu, 1), "wall_seconds": round(time.monotonic() - begun, 1)}


def row(folder: Path, runs: int, packing: str) -> dict[str, Any]:
    """Measure one size of study in one packing."""
    file = write_study(folder, runs, packing)
    jobs = runs if packing == "one" else MODELS
    target = f"train_model:{MODEL},seed=0" if packing == "one" else f"train_model:{MODEL}"
    study = ("--configfile", file)
    values: dict[str, Any] = {"runs": runs, "models_per_job": packing, "training_jobs": jobs}
    values["job"] = timed(folder, "-n", *study, "--target-jobs", target, "--allowed-rules", "train_model", "--force")
    values["dag"] = timed(folder, "-n", *study)
    if runs <= EXECUTED:
        values["execution"] = timed(folder, *study, "--cores", "2", "--until", "train_model")
    return values


def main() -> None:
    """Measure and write every row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=RUNS, help="in place of 320, 3200 and 32000")
    parser.add_argument("--packings", nargs="+", default=["one", "all_seeds"], choices=["one", "all_seeds"])
    parser.add_argument("--json", type=Path, help="where the rows go; rows that are there are kept or replaced")
    options = parser.parse_args()
    machine = {
        "processor": next(
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "snakemake": version("snakemake"),
        "system": f"{platform.system()} {platform.machine()}",
    }
    rows: list[dict[str, Any]] = []
    if options.json and options.json.exists():
        rows = json.loads(options.json.read_text())["rows"]
    with tempfile.TemporaryDirectory() as name:
        copy_of_the_workflow(Path(name))
        timed(Path(name), "-n", "--configfile", write_study(Path(name), MODELS, "one"))
        for runs in options.runs:
            for packing in options.packings if runs <= PACKED else ["one"]:
                values = row(Path(name), runs, packing)
                print(values, flush=True)
                rows = [old for old in rows if (old["runs"], old["models_per_job"]) != (runs, packing)] + [values]
                if options.json:
                    options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
