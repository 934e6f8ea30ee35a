"""Statistics over seeds: summaries of each model, and comparisons of each pair of models."""
