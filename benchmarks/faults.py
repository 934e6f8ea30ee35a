"""How often faults were tried, and how often nothing was lost, mixed or taken for intact.

    python benchmarks/faults.py --minutes 30 --json FILE

Kills training and later commands with SIGKILL at moments drawn at random, then runs them again: all files must be those
of an uninterrupted run. Flips a bit of every kind of file: its reader must refuse it by name. Starts two archivers at
once: the archive must hold all runs. The study is a small one in a temporary folder, on the first images of MNIST.
"""

import argparse
import os
import random
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
import yaml
from laboratory import REPOSITORY, machine, mnist, one_thread, write
from safetensors.torch import save_file

from distancenets.claims.serialization import read as read_claims
from distancenets.cli import main as command_line
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.files import sha256
from distancenets.measurements.coherence import archive_faults, count_runs
from distancenets.runs.manifest import read_manifest
from distancenets.training.checkpoints import read_checkpoint
from distancenets.training.run_files import RunFolder

STUDY = {
    "study": "small",
    "title": "Two runs of one model",
    "seeds": 2,
    "architectures": ["relu"],
    "representations": ["distance"],
    "experiments": {"raw": {"dataset": "tiny", "epochs": 40, "hidden": 16}},
    "training": {"checkpoint_seconds": 0.01},
    "report": {"figure1": {"representation": "distance", "node": 3}},
}
ROOT, WHOLE = Path("results", "small"), Path("whole")
TRAIN = ("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
CLAIMS = ("claims", str(ROOT / "runs.csv"), "--out-dir", str(ROOT))
LATER = (("archive",), ("collect",), ("measure", "networks"), CLAIMS)
FLIPS = 20
RUN, ARCHIVE = "runs/**/seed~0/", "archive/**/"


def finished(path: Path) -> object:
    """Read the run that a file belongs to."""
    return RunFolder(path.parent).finished()


def archive(path: Path) -> object:
    """Read the archive that a file belongs to."""
    faults = list(archive_faults(ROOT))
    if faults:
        raise UserError(faults[0])
    return path


# Every kind of file that is read again, and what reads it.
KINDS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "metrics of a run": (f"{RUN}metrics.parquet", finished),
    "weights of a run": (f"{RUN}weights.safetensors", finished),
    "run.json": (f"{RUN}run.json", finished),
    "checkpoint": ("checkpoint.safetensors", read_checkpoint),
    "archive: manifest": ("archive/manifest.json", lambda _: read_manifest(ROOT)),
    "archive: runs": (f"{ARCHIVE}runs-*.parquet", archive),
    "archive: metrics": (f"{ARCHIVE}metrics-*.parquet", archive),
    "archive: answers": (f"{ARCHIVE}correct-*.parquet", archive),
    "archive: a measurement": (f"{ARCHIVE}activity-*.parquet", archive),
    "runs.csv": ("runs.csv", read_derived),
    "learning_curves.parquet": ("learning_curves.parquet", read_derived),
    "provenance.csv": ("provenance.csv", read_derived),
    "a measurement": ("measurements/activity.csv", read_derived),
    "claims.json": ("claims.json", read_claims),
}


def start(*arguments: str) -> int:
    """Run the command line in a child, without output, and return its number: a fresh Python would import torch."""
    child = os.fork()
    if not child:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.argv = ["distancenets", *arguments]
        try:
            command_line()
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:
            os._exit(70)
        os._exit(0)
    return child


def succeeded(child: int) -> bool:
    """Wait for a child, and return whether it ended without an error."""
    return os.waitpid(child, 0)[1] == 0


def killed(seconds: float, *arguments: str) -> bool:
    """Kill the command at a moment within its `seconds`; return False if it ended before."""
    child = start(*arguments)
    time.sleep(random.uniform(0, seconds))
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def content() -> dict[str, str]:
    """Return the digest of every file that must not depend on interruptions."""
    kept = re.compile(r"(metrics\.parquet|weights\.safetensors|\.csv|claims\.json|curves\.parquet)$")
    files = [path for path in ROOT.rglob("*") if kept.search(path.name) and path.name != "provenance.csv"]
    return {path.relative_to(ROOT).as_posix(): sha256(path.read_bytes()) for path in files}


def reset() -> None:
    """Put the finished study back."""
    shutil.rmtree(ROOT, ignore_errors=True)
    shutil.copytree(WHOLE, ROOT)


def set_up(data: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Train, archive and judge the study without a fault; return the seconds of each command, and all files."""
    images = mnist(data, 900)
    names = ("train_images", "train_labels", "test_images", "test_labels")
    tensors = {name: getattr(images, name)[:900].contiguous() for name in names}
    settings = yaml.safe_load((REPOSITORY / "config" / "datasets.yaml").read_text())["mnist"]
    settings |= {"sources": [{"kind": "folder"}]}
    settings["sha256"] = {name: sha256(tensor.numpy().tobytes()) for name, tensor in tensors.items()}
    Path("data", "tiny").mkdir(parents=True)
    Path("config").mkdir()
    Path("config", "datasets.yaml").write_text(yaml.safe_dump({"tiny": settings}))
    Path("config", "config.yaml").write_text(yaml.safe_dump(STUDY))
    shutil.copy(REPOSITORY / "config" / "published.yaml", "config")
    save_file(tensors, "data/tiny/images.safetensors")
    Path("data", "tiny", "manifest.json").write_text("{}\n")
    succeeded(start(*TRAIN))  # compiles the engine where that is still to do, whose time must not count
    shutil.rmtree(ROOT)
    seconds = {}
    for arguments in (TRAIN, *LATER):
        begun = time.perf_counter()
        if not succeeded(start(*arguments)):
            raise UserError(f"distancenets {' '.join(arguments)}: failed without a fault")
        seconds[arguments[0]] = time.perf_counter() - begun
    made = content()
    shutil.copytree(ROOT, WHOLE)
    while not (found := list(ROOT.rglob("checkpoints/**/*.safetensors"))):
        # A training that ended before its kill leaves none, and would not start again.
        shutil.rmtree(ROOT, ignore_errors=True)
        killed(seconds["train"], *TRAIN)
    shutil.copy(found[0], WHOLE / "checkpoint.safetensors")
    return seconds, made


def training(seconds: float, expected: dict[str, str]) -> bool:
    """Kill training up to three times; it must end with the bits of an uninterrupted one."""
    shutil.rmtree(ROOT, ignore_errors=True)
    for _ in range(3):
        killed(seconds, *TRAIN)
    done = succeeded(start(*TRAIN))
    runs = {name: digest for name, digest in expected.items() if name.startswith("runs/")}
    return done and content() == runs and not list(ROOT.rglob("*.part"))


def later(arguments: tuple[str, ...], seconds: float, expected: dict[str, str]) -> bool:
    """Kill a later command, which must then do what it does without a kill."""
    reset()
    if arguments[0] == "archive":
        shutil.rmtree(ROOT / "archive")
    killed(seconds, *arguments)
    done = succeeded(start(*arguments))
    return done and content() == expected and not list(archive_faults(ROOT)) and count_runs(ROOT) == STUDY["seeds"]


def flipped(pattern: str, read: Callable[[Path], object]) -> bool:
    """Flip one bit of a file; its reader must refuse it by name."""
    [path] = WHOLE.glob(pattern)
    path = ROOT / path.relative_to(WHOLE)
    damaged = bytearray(path.read_bytes())
    intact = bytes(damaged)
    damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    path.write_bytes(damaged)
    try:
        read(path)
    except UserError as error:
        return path.name in str(error)
    finally:
        path.write_bytes(intact)
    return False


def two_archivers() -> bool:
    """Archive one run from each of two folders at once."""
    reset()
    shutil.rmtree(ROOT / "archive")
    for seed in range(2):
        [folder] = ROOT.glob(f"runs/**/seed~{seed}")
        shutil.copytree(folder, ROOT / f"part{seed}" / folder.name)
    children = [start("archive", str(ROOT / f"part{seed}")) for seed in range(2)]
    done = [succeeded(child) for child in children]
    return all(done) and not list(archive_faults(ROOT)) and count_runs(ROOT) == STUDY["seeds"]


def trials(seconds: dict[str, float], expected: dict[str, str]) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield every fault and what tries it."""
    yield "training killed up to three times", partial(training, seconds["train"], expected)
    for arguments in LATER:
        yield f"`{arguments[0]}` killed", partial(later, arguments, seconds[arguments[0]], expected)
    yield "two archivers at once", two_archivers
    reset()
    for name, (pattern, read) in KINDS.items():
        for _ in range(FLIPS):
            yield f"bit flipped: {name}", partial(flipped, pattern, read)


def main() -> None:
    """Try every fault in turn until the time is over; print and write a row a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--draw", type=int, default=secrets.randbits(32), help="where faults fall  [default: random]")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    parser.add_argument("--json", type=Path, help="the file of results")
    options = parser.parse_args()
    one_thread()
    random.seed(options.draw)
    data, file = options.data.absolute(), options.json and options.json.absolute()
    report = {"machine": machine(torch.device("cpu")), "minutes": options.minutes, "draw": options.draw}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        seconds, expected = set_up(data)
        end = time.monotonic() + 60 * options.minutes
        tried: Counter[str] = Counter()
        held: Counter[str] = Counter()
        while not tried or time.monotonic() < end:
            for name, trial in trials(seconds, expected):
                held[name] += trial()
                tried[name] += 1
            rows = [{"fault": name, "tried": tried[name], "held": held[name]} for name in tried]
            write(file, report | {"rows": rows})
        os.chdir(REPOSITORY)
    for name in tried:
        print(f"{held[name]} of {tried[name]}: {name}")
    sys.exit(held != tried)


if __name__ == "__main__":
    main()
