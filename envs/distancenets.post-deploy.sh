# Snakemake runs this in a new conda environment, from the repository's folder: the package itself goes in too.
set -euo pipefail
python -m pip install --no-deps --editable .
