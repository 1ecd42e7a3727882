"""Enforces on every route what `access` decides."""
