"""Whole nodes for what the pasture sends."""

from tests.together.conftest import folder, nodes

__all__ = ["folder", "nodes"]
