"""Whole nodes for what other servers say to them."""

from tests.together.conftest import folder, nodes

__all__ = ["folder", "nodes"]
