"""Fixtures of a Jupyter server for every test but the browsers', which run on their own."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["pytest_jupyter.jupyter_server"]

# How long an example takes says how busy the machine is. Where a change is checked, the same
# examples are tried each time, so that it isn't blamed for what was there before; `pytest
# --hypothesis-profile nightly` looks further than there is time for then.
settings.register_profile("everyday", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("nightly", deadline=None, max_examples=5000)
settings.load_profile("everyday")
