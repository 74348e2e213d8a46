"""Whole nodes for hostile tests."""

from tests.together.conftest import folder, nodes

__all__ = ["folder", "nodes"]
