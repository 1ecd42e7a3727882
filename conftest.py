"""Fixtures of a Jupyter server for every test but the browsers', which run on their own."""

from __future__ import annotations

pytest_plugins = ["pytest_jupyter.jupyter_server"]
