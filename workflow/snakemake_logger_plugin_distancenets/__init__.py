"""Snakemake's `--logger distancenets`; Snakemake finds a logger by the name of its module."""

from distancenets.terminal.workflow_progress import WorkflowProgress as LogHandler

__all__ = ("LogHandler",)
