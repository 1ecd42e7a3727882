"""The Jupyter Server extension: traits and wiring, nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from codesyncx_spawner.egress import read_hosts
from codesyncx_spawner.fair_queue import Quotas
from codesyncx_spawner.limits import CEILING, read_limits
from codesyncx_spawner.sandbox.backend import SandboxBackend
from codesyncx_spawner.sandbox.first_choice import FirstChoiceBackend
from jupyter_server.extension.application import ExtensionApp
from traitlets import Dict, Enum, Int, List, TraitError, Type, Unicode

from .access.model import NO_ACCESS, ROLES
from .artifacts import ArtifactStore, StorePlace
from .calls.ice import IceSettings, read_secret
from .calls.recordings import Recordings
from .calls.wiring import CallsFeature
from .chat.wiring import Chat
from .collab.wiring import Collaboration
from .conflicts import find_conflict
from .errors import InvalidRequestError
from .events.bus import InProcessBus
from .gate.wiring import Gatekeeping
from .history.wiring import History
from .hub.wiring import PROJECTS_URL, Membership
from .presence import wiring as presence
from .project.wiring import Project
from .run.interactive.service import InteractiveSandboxes
from .run.previews import PreviewSettings
from .run.wiring import Runs
from .sharing.wiring import Sharing
from .storage import project_data_dir

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


class CodeSyncXApp(ExtensionApp):
    """CodeSyncX in a Jupyter server."""

    name = "codesyncx_server"
    app_name = "CodeSyncX"
    description = "Work together in one project."
    load_other_extensions = True
    classes = [InteractiveSandboxes]  # noqa: RUF012 - a constant of traitlets'

    watch_project = Enum(
        ["auto", "poll", "off"],
        "auto",
        config=True,
        help="""How to notice changes that git, editors and terminals make to the project:
        "auto" asks the operating system and looks by itself where that fails, "poll" always
        looks by itself (for network disks), "off" leaves them unnoticed.""",
    )

    default_role = Enum(
        [role for role in ROLES if role != "owner"],
        NO_ACCESS,
        config=True,
        help="""The role on the whole project of everyone whom the identity provider lets in, as
        long as nobody has granted everyone something else there. Whoever has the server's own
        token or password is an owner in any case.""",
    )

    access_database_url = Unicode(
        "",
        config=True,
        help="""Where access rights are kept, as an SQLAlchemy URL of a database of the project's
        own, e.g. "postgresql://user@host/project" (needs codesyncx[postgresql]). By default it is
        an SQLite file in the project's data folder.""",
    )

    projects_url = Unicode(
        os.environ.get(PROJECTS_URL, ""),
        config=True,
        help="""Where the projects service of a JupyterHub says who is in this project; the Hub's
        spawner sets it. Nobody else is let in then, the server's own user neither.""",
    )

    max_edit_bytes = Int(
        16 * 1024 * 1024,
        min=1024,
        config=True,
        help="""How large one message of a browser to a document may be, in bytes: a pasted text,
        or all that was typed without a connection. What is larger is refused and stays with its
        author as a draft.""",
    )

    extra_routes = List(
        Dict(),
        config=True,
        help="""Routes of other Jupyter extensions that people who aren't owners may use; all that
        CodeSyncX doesn't know are the owners'. Each is {"pattern": a regular expression for the
        whole path after the base URL, "methods": ["GET", ...], "needs": "trusted" (whoever may do
        everything in the project), "anyone" (guests too), "public", or a list of "read", "edit",
        "create", "delete", "comment", on the path that the group (?P<path>...) of the pattern
        catches or else on the whole project}.""",
    )

    sandbox_backend = Type(
        FirstChoiceBackend,
        klass=SandboxBackend,
        config=True,
        help="""What makes the sandboxes that people's code runs in; code never runs without. By
        default bubblewrap where it works, else Docker; Docker for runs that ask for an image.""",
    )

    run_ceiling = Dict(
        config=True,
        help="""The most that one run may have, by the names of limits in .codesyncx/run.toml:
        {"time": "30 min", "memory": "8 GB"} raises or lowers these, the others stay.""",
    )

    run_network = List(
        Unicode(),
        config=True,
        help="""Hosts that a run may reach by HTTPS if it asks for them (`network` in
        .codesyncx/run.toml): "pypi.org", "*.example.org" for all below it, "package-index" for
        those of Python and Node packages. None by default. With a port, as in
        "mirror.example:8443", a host may be one of the server's own network.""",
    )

    max_runs = Int(2, min=1, config=True, help="""How many runs go on at once; others wait.""")

    max_runs_per_person = Int(
        1, min=1, config=True, help="""How many runs of one person go on at once."""
    )

    max_runs_per_minute = Int(
        30, min=1, config=True, help="""How many runs one person may start within a minute."""
    )

    warm_sandboxes = Int(
        0,
        min=0,
        config=True,
        help="""How many sandboxes stand ready before anybody wants one, beside those of runs that
        go on: of the kinds that runs wanted last. Each takes a few megabytes of memory.""",
    )

    preview_url = Unicode(
        "",
        config=True,
        help="""Where browsers reach previews of what runs serve, with {name} in it for the name of
        each: "https://{name}.preview.example", a domain of their own that leads to preview_port.
        By default http://{name}.localhost:{port}, which works on the server's own machine only.""",
    )

    preview_port = Int(
        0,
        min=0,
        max=65535,
        config=True,
        help="""The port that previews are served on, apart from the server's own; any free one by
        default. It is opened with the first preview.""",
    )

    preview_host = Unicode(
        "127.0.0.1",
        config=True,
        help="""The address of this machine that previews are served on.""",
    )

    call_host = Unicode(
        "",
        config=True,
        help="""The address of this machine that calls send and receive sound and pictures at; all
        of them by default. The port is opened with the first call, and hears nobody who hasn't
        come in through this server.""",
    )

    call_media = Enum(
        ["auto", "udp", "websocket"],
        default_value="auto",
        config=True,
        help="""How sound and pictures of calls get to browsers: over UDP ("udp"), which is better;
        over a WebSocket ("websocket"), for servers that only web traffic reaches; or over UDP with
        those who can and over a WebSocket with those who can't ("auto").""",
    )

    call_udp_port = Int(
        0,
        min=0,
        max=65535,
        config=True,
        help="""The UDP port of calls, e.g. to open it in a firewall; any free one by default.""",
    )

    call_addresses = List(
        Unicode(),
        config=True,
        help="""The addresses that browsers reach the UDP port of calls at, where the machine's own
        isn't: behind a translation of addresses, or in a container with a published port.""",
    )

    call_ice_servers = List(
        Dict(),
        config=True,
        help="""STUN and TURN servers for browsers that can't reach the UDP port of calls, as in
        RTCConfiguration.iceServers: [{"urls": ["turn:..."], "username": "...", "credential":
        "..."}]. Everybody in a call gets to know them.""",
    )

    call_turn_urls = List(
        Unicode(),
        config=True,
        help="""TURN servers that share a secret with this one, e.g. ["turn:turn.example.org:3478"];
        names and passwords for them are made for each person, and hold for half a day.""",
    )

    call_turn_secret_file = Unicode(
        "",
        config=True,
        help="""A file with the secret shared with the servers of call_turn_urls (coturn:
        static-auth-secret). In a file, because settings are shown in processes and logs.""",
    )

    recordings_folder = Unicode(
        "Recordings",
        config=True,
        help="""The folder of the project that recordings of calls come into; who may read it may
        watch them. Nobody can record where it is empty.""",
    )

    recording_height = Enum(
        [480, 720, 1080],
        default_value=720,
        config=True,
        help="""How many lines the pictures of recordings have; more make shared screens easier to
        read, and larger files and more work for the processor.""",
    )

    max_recording_minutes = Int(
        240, min=1, config=True, help="""After how many minutes a recording ends by itself."""
    )

    min_free_disk_mb = Int(
        512,
        min=0,
        config=True,
        help="""With less room than this on the disk, in megabytes, a recording ends by itself.""",
    )

    artifacts_url = Unicode(
        "",
        config=True,
        help="""A bucket that recordings of calls are stored in when they are done, besides the
        project, and what runs have made, instead of on the server: s3://bucket/prefix, of Amazon or
        any server that speaks S3. Needs `pip install codesyncx[s3]`.""",
    )

    artifacts_endpoint = Unicode(
        "",
        config=True,
        help="""The server of that bucket where it isn't Amazon's: https://s3.example.org.""",
    )

    artifacts_region = Unicode("", config=True, help="""The region of that bucket.""")

    artifacts_credentials_file = Unicode(
        "",
        config=True,
        help="""A file with the key to that bucket, like ~/.aws/credentials: [default] with
        aws_access_key_id and aws_secret_access_key. In a file, because settings are shown in
        processes and logs. Without one the environment's key is used, or the machine's.""",
    )

    artifacts_days = Int(
        0,
        min=0,
        config=True,
        help="""After how many days what is stored in the bucket, and what runs have made on the
        server, is forgotten; 0 for never.""",
    )

    gate: Gatekeeping | None = None

    def initialize_settings(self) -> None:
        """Put the gate up, then share one event bus with every feature."""
        self._refuse_rivals()
        self.bus = InProcessBus()
        self.settings["codesyncx_bus"] = self.bus
        if self.serverapp is not None:
            # First of all: whatever fails below, the gate stands, and is closed.
            self.gate = Gatekeeping(self.serverapp, self.bus, self.extra_routes)
            self.settings.update(self.gate.settings())
        self.sharing = Sharing(
            self.bus,
            self.serverapp,
            database_url=self.access_database_url,
            default_role=self.default_role,
        )
        self.settings.update(self.sharing.settings())
        self.membership = Membership(self.projects_url, self.sharing.service)
        self.settings.update(self.membership.settings())
        self.project = Project(self.bus)
        self.history = History(self.bus)
        self.settings.update(self.project.settings())
        self.project.stream.add_prefix("chat")
        self.project.stream.add_prefix("access")
        self.project.stream.add_prefix("run")
        self.project.stream.add_prefix("recording")
        self.artifact_store = self._artifacts()
        self.runs = Runs(self.bus)
        self.chat = Chat(self.bus)
        self.settings.update(self.chat.settings())
        self.collaboration = Collaboration(self.bus, self.max_edit_bytes)
        self.calls = CallsFeature(
            self.bus,
            host=self.call_host,
            udp_port=self.call_udp_port,
            addresses=self.call_addresses,
            way=self.call_media,
            ice=IceSettings(
                self.call_ice_servers,
                self.call_turn_urls,
                read_secret(self.call_turn_secret_file),
            ),
            recordings=self._recordings(),
            artifacts=self.artifact_store,
            artifact_days=self.artifacts_days,
        )

    def _artifacts(self) -> ArtifactStore | None:
        if self.serverapp is None or not self.artifacts_url:
            return None
        try:
            return ArtifactStore(
                StorePlace(
                    self.artifacts_url,
                    project_data_dir(self.serverapp.root_dir).name,
                    self.artifacts_endpoint,
                    self.artifacts_region,
                    self.artifacts_credentials_file,
                )
            )
        except ValueError as error:
            raise TraitError(f"CodeSyncXApp.artifacts_url: {error}") from error
        except ImportError as error:
            raise TraitError(
                "CodeSyncXApp.artifacts_url needs obstore: pip install codesyncx[s3]"
            ) from error

    def _recordings(self) -> Recordings | None:
        if self.serverapp is None or not self.recordings_folder:
            return None
        try:
            return Recordings(
                self.serverapp,
                folder=self.recordings_folder,
                height=self.recording_height,
                max_minutes=self.max_recording_minutes,
                min_free_mb=self.min_free_disk_mb,
            )
        except ValueError as error:
            raise TraitError(f"CodeSyncXApp.recordings_folder: {error}") from error

    def initialize_handlers(self) -> None:
        """Add the routes of every feature."""
        if self.gate is not None:
            self.handlers.extend(self.gate.handlers())
        self.handlers.extend(self.sharing.handlers())
        self.handlers.extend(self.project.handlers(self.serverapp))
        self.handlers.extend(self.chat.handlers(self.serverapp))
        self.handlers.extend(self.collaboration.handlers(self.serverapp))
        self.handlers.extend(self.history.handlers(self.serverapp))
        self.handlers.extend(presence.handlers(self.bus))
        self.handlers.extend(self._run_handlers())
        self.handlers.extend(self.calls.handlers())

    def _run_handlers(self) -> list[tuple[Any, ...]]:
        ceiling, complaints = read_limits(self.run_ceiling, "run_ceiling", CEILING)
        if complaints:
            raise TraitError(" ".join(complaints))
        return self.runs.handlers(
            self.serverapp,
            self.sandbox_backend(parent=self),  # type: ignore[abstract]
            self.collaboration.catch_up,
            quotas=Quotas(
                running=self.max_runs,
                running_per_project=self.max_runs,
                running_per_person=self.max_runs_per_person,
            ),
            ceiling=ceiling,
            network=self._run_network(),
            starts_per_minute=self.max_runs_per_minute,
            warm_sandboxes=self.warm_sandboxes,
            previews=PreviewSettings(self.preview_host, self.preview_port, self.preview_url),
            artifacts=self.artifact_store,
            artifact_days=self.artifacts_days,
        )

    def _run_network(self) -> tuple[str, ...]:
        try:
            return read_hosts(self.run_network)
        except InvalidRequestError as error:
            raise TraitError(f"run_network: {error}") from error

    def _refuse_rivals(self) -> None:
        if self.serverapp is None:
            return
        extensions = self.serverapp.extension_manager.extensions
        conflict = find_conflict({name for name, one in extensions.items() if one.enabled})
        if conflict is not None:
            self.serverapp.log.critical(conflict)
            self.serverapp.exit(1)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Join what other extensions provide, now that all are loaded."""
        await super()._start_jupyter_server_extension(serverapp)
        if self.gate is not None:
            self.gate.start()
        await self.sharing.start()
        self.membership.start()
        await self.collaboration.start()
        await self.project.start(serverapp, self.watch_project)
        await self.runs.start()
        self.calls.start()

    async def stop_extension(self) -> None:
        """End what runs in the background."""
        if self.gate is not None:
            self.gate.stop()
        await self.runs.stop()
        await self.calls.stop()
        await self.collaboration.stop()
        await self.project.stop()
        await self.chat.stop()
        await self.history.stop()
        await self.membership.stop()
        await self.sharing.stop()
