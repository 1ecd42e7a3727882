"""The steps between the forms of a database of projects, the oldest first."""

from __future__ import annotations
