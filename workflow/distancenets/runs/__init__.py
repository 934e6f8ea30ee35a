"""Finished runs: archive, manifest, inventory, collected tables, provenance, staleness and rechecks."""
