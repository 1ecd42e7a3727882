"""`python -m codesyncx_hub.projects`: the projects service, as the Hub starts it."""

from __future__ import annotations

from .application import ProjectsApp

ProjectsApp.launch_instance()
