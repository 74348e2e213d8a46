"""Alembic's folder: the environment, the script template and one file per schema change."""
