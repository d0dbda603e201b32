"""Tasks: they take ids, are safe to run twice, and only call services."""

from harvest.tasks import harvesting, training

__all__ = ["harvesting", "training"]
