"""The steps between the forms of an access database, the oldest first."""

from __future__ import annotations
