"""Neural Networks Learn Distance Metrics (arXiv 2502.02103): a reproduction, an audit and an extension."""

__version__ = "0.1.0"
