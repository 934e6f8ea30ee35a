"""A home and a name for a user without them, as in a container or a batch system: Snakemake and DVC fail without.

Python imports this at its start in an environment that the package is installed in; distancenets_user.pth says so.
"""

import getpass
import os


def complete(environment: "os._Environ[str]") -> None:
    """Set HOME and LOGNAME in `environment`, each only if the system knows none."""
    if os.path.expanduser("~") == "~":
        # Snakemake's own folder: whoever runs a study can write there, and nobody else plants settings in it.
        environment["HOME"] = os.path.abspath(os.path.join(".snakemake", "home"))
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        environment["LOGNAME"] = f"uid-{os.getuid()}"


complete(os.environ)
