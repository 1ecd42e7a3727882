"""Fixtures of a Jupyter server for every test but the browsers', which run on their own."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytest_jupyter.jupyter_server"]

# How long an example takes says how busy the machine is. `pytest --hypothesis-profile nightly`
# looks further than there is time for at every change.
settings.register_profile("everyday", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=5000)
settings.load_profile("everyday")
