"""Full-batch gradient descent of packs of seeds."""
