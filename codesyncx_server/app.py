"""The Jupyter Server extension: traits and wiring, nothing else."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from .events.bus import InProcessBus


class CodeSyncXApp(ExtensionApp):
    """CodeSyncX in a Jupyter server."""

    name = "codesyncx_server"
    app_name = "CodeSyncX"
    description = "Work together in one project."
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Share one event bus with every feature."""
        self.bus = InProcessBus()
        self.settings["codesyncx_bus"] = self.bus
