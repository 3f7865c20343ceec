"""Runners: what calls the stages. `embedded` is one process on one database."""

from monitor.runner.embedded import EmbeddedRunner

__all__ = ["EmbeddedRunner"]
