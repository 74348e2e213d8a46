"""The tertulia command."""
