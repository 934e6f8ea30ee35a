"""A one-node Slurm on loopback with fake GPUs: munge, slurmctld and slurmd as children of this process."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "squeue")
# Where every Slurm program looks by itself; the executor's plugin drops SLURM_CONF from the environment.
CONFIGURATION = Path("/etc/slurm")
GPU_TYPE = "fake"

# More CPUs than the machine has, so that nothing but the GPUs limits how many jobs run.
# `cred_expire`: how long a job that was put back waits. The rest does without systemd, cgroups and a database.
SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SrunPortRange=16820-16899
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=36000
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=256000 Gres=gpu:{type}:{gpus} State=UNKNOWN
PartitionName=short Nodes=ALL Default=YES State=UP
PartitionName=gpus Nodes=ALL State=UP
"""
GRES_CONF = """
AutoDetect=off
Name=gpu Type={type} File={folder}/gpu[0-{last}]
"""


@dataclass(frozen=True)
class Job:
    """What Slurm says of one job."""

    number: str
    fields: dict[str, str]

    @property
    def comment(self) -> str:
        return self.fields.get("Comment", "")


def missing() -> str | None:
    """Return why no Slurm can be brought up here, or None."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed (apt-get install slurmctld slurmd slurm-client munge)"
    if os.geteuid() != 0:
        return "only root can bring up slurmd and make device nodes"
    file = CONFIGURATION / "slurm.conf"
    if file.exists() and not file.is_symlink():
        return f"{file}: this machine belongs to a Slurm of its own"
    return None


@contextmanager
def cluster(folder: Path, gpus: int) -> Iterator[None]:
    """Bring up Slurm with everything in `folder`, and take it down again."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    # munged refuses a key or a socket below a folder that others may write to.
    folder.chmod(0o755)
    for index in range(gpus):
        # Slurm takes device nodes only; this one is /dev/null's twin.
        os.mknod(folder / f"gpu{index}", 0o666 | 0o020000, os.makedev(1, 3))
    values = {"folder": folder, "host": socket.gethostname().split(".")[0], "gpus": gpus, "last": gpus - 1}
    files = {"slurm.conf": SLURM_CONF, "gres.conf": GRES_CONF, "cgroup.conf": "CgroupAutomount=no\n"}
    for name, text in files.items():
        (folder / name).write_text(text.format(type=GPU_TYPE, **values))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    munged = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munged += [f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed", "--num-threads=2"]
    munged += [f"--log-file={folder}/munged.log"]
    CONFIGURATION.mkdir(exist_ok=True)
    links = [CONFIGURATION / name for name in files]
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        for link in links:
            link.unlink(missing_ok=True)
            link.symlink_to(folder / link.name)
        for command in (munged, ["slurmctld", "-D", "-c"], ["slurmd", "-D"]):
            log = (folder / f"{command[0]}.out").open("wb")
            daemons.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        _wait_for_the_node(folder, daemons)
        yield
    finally:
        _end(daemons)
        for link in links:
            link.unlink(missing_ok=True)


def jobs() -> list[Job]:
    """Return every job that Slurm remembers, oldest first."""
    text = answer("scontrol", "--oneliner", "--details", "show", "job")
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in text.splitlines() if line.startswith("JobId=")]
    return sorted((Job(fields["JobId"], fields) for fields in found), key=lambda job: int(job.number))


def answer(*command: str) -> str:
    """Run one of Slurm's commands, which must succeed, and return what it printed."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def _wait_for_the_node(folder: Path, daemons: Sequence["subprocess.Popen[bytes]"]) -> None:
    deadline = time.monotonic() + 60
    while True:
        state = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False, timeout=60)
        if "idle" in state.stdout:
            return
        dead = [daemon.args for daemon in daemons if daemon.poll() is not None]
        if dead or time.monotonic() > deadline:
            logs = "\n".join(path.read_text() for path in folder.glob("*.out"))
            raise RuntimeError(f"Slurm did not come up ({dead or state.stderr}):\n{logs}")
        time.sleep(0.2)


def _end(daemons: Sequence["subprocess.Popen[bytes]"]) -> None:
    if len(daemons) == len(("munged", "slurmctld", "slurmd")):
        subprocess.run(["scancel", "--full", "--user=root"], check=False, timeout=60)
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and answer("squeue", "-h", "-t", "running,completing"):
            time.sleep(0.2)
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(timeout=20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
