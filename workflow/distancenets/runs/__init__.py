"""Finished runs: the archive, its inventory and manifest, what is gathered, what is stale, what comes out again."""
