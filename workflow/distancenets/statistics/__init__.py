"""What the seeds say: summaries of each model, and comparisons of each pair of models."""
