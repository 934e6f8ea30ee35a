"""Where and how a job runs: cores, devices, GPU locks and schedulers. Nothing here changes the bits of a run."""
