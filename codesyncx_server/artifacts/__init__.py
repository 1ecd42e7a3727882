"""Artifacts that are stored outside of the project: in a bucket of a server that speaks S3."""

from __future__ import annotations

from .credentials import Credentials, read_credentials
from .store import ArtifactStore, StorePlace

__all__ = ["ArtifactStore", "Credentials", "StorePlace", "read_credentials"]
