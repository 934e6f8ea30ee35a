"""The audit: whether the published numbers agree with one another; it needs no training."""
