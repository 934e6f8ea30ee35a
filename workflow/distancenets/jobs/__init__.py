"""Where and how a job runs: devices, their locks, schedulers, progress. Nothing in it changes a bit of a run."""
