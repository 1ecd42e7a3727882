"""Previews of what runs serve: their names, who may see them, and the way in."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tornado.netutil import bind_sockets

from ..access.audit import What
from ..access.model import Person
from ..errors import CodeSyncXError, InvalidRequestError, NotFoundError, RefusedError
from ..gate.sight import ACCESS, sight_for
from .preview.admissions import Admissions
from .preview.app_connections import AppConnections
from .preview.headers import COOKIE, cookie_of
from .preview.passes import LIFETIME_S, Bearer, Kind, PassOffice
from .preview.proxy import Admission, PreviewProxy
from .preview.refusal import Refusal
from .watching import is_own, may_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesyncx_spawner.run import Run
    from codesyncx_spawner.runner import Runner
    from tornado.httputil import HTTPHeaders

    from ..gate.sight import Sight
    from .service import RunService

logger = logging.getLogger(__name__)

_ENTER = "/.codesyncx/enter"
_LOCAL = re.compile(r"(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]")
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")
_LONGEST_PUBLIC_S = 24 * 3600.0
_NO_PREVIEW = Refusal(404, "There is no such preview", "Its run is over, or it was closed.")
_NOT_YOURS = Refusal(
    403, "This preview isn't open to you", "Open it from the project, in the panel of its run."
)


class Visibility(StrEnum):
    """Who may see a preview."""

    PRIVATE = "private"
    """Who has started the run, and owners."""
    PROJECT = "project"
    """Everybody who may watch the run."""
    PUBLIC = "public"
    """Moreover whoever has its public address, for some time."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A port of a run, at a host of its own."""

    name: str
    run_id: str
    port: int
    visibility: Visibility = Visibility.PROJECT
    public_name: str | None = None
    public_until: float = 0.0


@dataclass(frozen=True, slots=True)
class PreviewSettings:
    """What an admin says; `url` holds `{name}` where the preview's goes, and may `{port}`."""

    address: str
    port: int
    url: str


class PreviewService:
    """All previews of a server; they end with their runs."""

    def __init__(
        self,
        runs: RunService,
        told: PreviewSettings,
        settings: Mapping[str, Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin nothing yet."""
        self._runs = runs
        self._told = told
        self._settings = settings
        self._clock = clock
        self._office = PassOffice(secrets.token_bytes(32))
        self._previews: dict[tuple[str, int], Preview] = {}
        self._runner: Runner | None = None
        self._proxy: PreviewProxy | None = None
        self._starting = asyncio.Lock()
        self._admissions = Admissions()
        self.scheme = urlsplit(told.url).scheme or "http"

    async def open(self, sight: Sight, run_id: str, port: int, host: str) -> dict[str, Any]:
        """Give a preview, and an address by which this person gets in within a minute."""
        self._require_domain(host)
        preview = await self._preview(sight, run_id, port)
        return {
            **self.to_json(sight, preview),
            "is_serving": await self._is_serving(preview),
            "enter_url": self._enter_url(sight, preview, host),
        }

    async def enter(self, sight: Sight, name: str, host: str) -> str:
        """Give the way in to somebody who has got a preview's address."""
        for preview in self._previews.values():
            if preview.name == name:
                await self._preview(sight, preview.run_id, preview.port)
                return self._enter_url(sight, preview, host)
        raise NotFoundError("There is no such preview: its run is over.")

    async def change(self, sight: Sight, run_id: str, port: int, told: Mapping[str, Any]) -> Any:
        """Let other people see it; RefusedError for what isn't theirs to say."""
        preview = await self._preview(sight, run_id, port)
        run = self._run(run_id)
        if not (sight.is_owner or is_own(sight, run)):
            raise RefusedError("Only who has started a run, and owners, say who sees its preview.")
        visibility, seconds = _read_change(told)
        if visibility is Visibility.PUBLIC:
            if not sight.is_owner:
                raise RefusedError("Only owners of the project can show a preview to everybody.")
            changed = replace(
                preview,
                visibility=visibility,
                public_name=secrets.token_hex(16),
                public_until=self._clock() + seconds,
            )
        else:
            changed = replace(preview, visibility=visibility, public_name=None, public_until=0.0)
        if Visibility.PUBLIC in {visibility, preview.visibility}:
            is_public = visibility is Visibility.PUBLIC
            await self._settings[ACCESS].note(
                sight.person.username,
                What.PREVIEW_PUBLISHED if is_public else What.PREVIEW_CLOSED,
                "",
                {"run": run_id, "port": port, "until": changed.public_until},
            )
        self._previews[run_id, port] = changed
        self.judge_again()
        return {**self.to_json(sight, changed), "is_serving": await self._is_serving(changed)}

    def to_json(self, sight: Sight, preview: Preview) -> dict[str, Any]:
        """Give what somebody may know of a preview that they may see."""
        run = self._run(preview.run_id)
        is_public = self._is_public(preview)
        return {
            "port": preview.port,
            "address": f"codesyncx/preview/{preview.name}",
            "visibility": preview.visibility.value,
            "public_url": self._url(preview.public_name) if is_public else None,
            "public_until": preview.public_until if is_public else None,
            "may_change": sight.is_owner or is_own(sight, run),
            "may_publish": sight.is_owner,
        }

    async def admit(self, path: str, headers: HTTPHeaders) -> Admission | Refusal:
        """Say whether, and where to, a request at a preview's host goes."""
        name = self._name_in(headers.get("Host", ""))
        found = self._by_name(name)
        if found is None:
            return _NO_PREVIEW
        preview, is_public = found
        if not is_public and path.partition("?")[0] == _ENTER:
            return self._hand_pass(preview, path)
        text = "" if is_public else cookie_of(headers, COOKIE) or ""
        shown = (name, text)
        admission = self._admissions.find(shown)
        if admission is None:
            answer = self._judge(preview, text, is_public=is_public)
            if isinstance(answer, Refusal):
                return answer
            self._admissions.add(shown, answer)
            admission = answer
        return admission

    def _judge(self, preview: Preview, text: str, *, is_public: bool) -> Admission | Refusal:
        if is_public:
            return self._admission(preview, lambda: self._is_current_public(preview), "")
        bearer = self._office.read(Kind.PASS, preview.name, text, self._clock())
        if bearer is None or not self._may_see(bearer, preview):
            return _NOT_YOURS

        def still_may() -> bool:
            return self._may_see(bearer, preview)

        return self._admission(preview, still_may, bearer.origin)

    async def close(self) -> None:
        """End with the server."""
        if self._proxy is not None:
            await self._proxy.close()
        self._admissions.close()

    def judge_again(self) -> None:
        """Ask anew who may see what: it has changed."""
        self._admissions.judge_again()

    def look_after(self) -> None:
        """Let go of what nobody has wanted for a while."""
        self._admissions.look_after()

    async def _is_serving(self, preview: Preview) -> bool:
        if self._runner is None:
            return False
        try:
            (await self._runner.connect(preview.run_id, preview.port)).close()
        except (OSError, TimeoutError):
            return False
        return True

    def _hand_pass(self, preview: Preview, path: str) -> Refusal:
        ticket = parse_qs(urlsplit(path).query).get("ticket", [""])[0]
        now = self._clock()
        bearer = self._office.read(Kind.TICKET, preview.name, ticket, now)
        if bearer is None:
            return _NOT_YOURS
        value = self._office.sign(Kind.PASS, preview.name, bearer, now)
        # In a frame of the lab it is a third party's: kept for frames of this lab alone.
        placing = (
            "; SameSite=None; Secure; Partitioned" if self._is_trustworthy else "; SameSite=Lax"
        )
        cookie = f"{COOKIE}={value}; Path=/; HttpOnly; Max-Age={LIFETIME_S[Kind.PASS]:.0f}"
        return Refusal(
            303, "Come in", headers=(("Location", "/"), ("Set-Cookie", cookie + placing))
        )

    @property
    def _is_trustworthy(self) -> bool:
        """Whether browsers take cookies that are `Secure` from here."""
        return self.scheme == "https" or self._told.url == ""

    def _admission(
        self, preview: Preview, still_holds: Callable[[], bool], embedded_by: str
    ) -> Admission | Refusal:
        runner = self._runner
        if runner is None or self._run(preview.run_id).state.is_over:
            return _NO_PREVIEW
        apps = AppConnections(lambda: runner.connect(preview.run_id, preview.port))
        return Admission(apps, still_holds, embedded_by)

    def _name_in(self, host: str) -> str:
        """Give the name of a preview that a host is for; empty if it is for none."""
        name = host.partition(".")[0].lower()
        return name if host.lower() == urlsplit(self._url(name)).netloc else ""

    def _by_name(self, name: str) -> tuple[Preview, bool] | None:
        if not name:
            return None
        for preview in self._previews.values():
            if secrets.compare_digest(preview.name, name):
                return preview, False
            if self._is_public(preview) and preview.public_name == name:
                return preview, True
        return None

    def _is_public(self, preview: Preview) -> bool:
        return preview.public_name is not None and preview.public_until > self._clock()

    def _is_current_public(self, preview: Preview) -> bool:
        now = self._previews.get((preview.run_id, preview.port))
        return now is not None and now.public_name == preview.public_name and self._is_public(now)

    def _may_see(self, bearer: Bearer, preview: Preview) -> bool:
        try:
            return self._is_for(bearer, preview)
        except CodeSyncXError as error:
            logger.info("A preview isn't shown to %s: %s", bearer.username, error)
            return False

    def _is_for(self, bearer: Bearer, preview: Preview) -> bool:
        now = self._previews.get((preview.run_id, preview.port))
        if now is None:
            return False
        person = Person(bearer.username, link=bearer.link, is_owner=bearer.is_owner)
        sight, run = sight_for(self._settings, person), self._run(preview.run_id)
        if now.visibility is Visibility.PRIVATE:
            return sight.is_owner or is_own(sight, run)
        return may_watch(sight, run)

    def _run(self, run_id: str) -> Run:
        if self._runner is None:
            raise NotFoundError("There is no such run.")
        return self._runner.run(run_id)

    async def _preview(self, sight: Sight, run_id: str, port: int) -> Preview:
        self._runner, run = await self._runs.watched(sight, run_id)
        if port not in run.what.ports:
            raise NotFoundError(f"The run has no port {port} in .codesyncx/run.toml.")
        if run.state.is_over:
            raise NotFoundError("The run is over, and its preview with it.")
        await self._listen()
        preview = self._previews.get((run_id, port))
        if preview is None:
            self._forget_over()
            preview = self._previews[run_id, port] = Preview(secrets.token_hex(10), run_id, port)
        if preview.visibility is Visibility.PRIVATE and not (sight.is_owner or is_own(sight, run)):
            raise RefusedError("This preview is only for who has started the run.")
        return preview

    def _forget_over(self) -> None:
        runner = self._runner
        if runner is not None:
            going = {run.id for run in runner.runs() if not run.state.is_over}
            self._previews = {key: one for key, one in self._previews.items() if key[0] in going}

    async def _listen(self) -> None:
        async with self._starting:
            if self._proxy is None:
                sockets = bind_sockets(self._told.port, self._told.address)
                proxy = PreviewProxy(self)
                proxy.listen(sockets)
                self._proxy = proxy

    def _url(self, name: str | None) -> str:
        port = 0 if self._proxy is None else self._proxy.port
        template = self._told.url or "http://{name}.localhost:{port}"
        return template.replace("{name}", name or "").replace("{port}", str(port)).rstrip("/")

    def _enter_url(self, sight: Sight, preview: Preview, host: str) -> str:
        if not _HOST.fullmatch(host):
            raise InvalidRequestError("The request has no proper Host.")
        person = sight.person
        origin = f"http://{host} https://{host}"
        # Whose server it is stays so; who owns the project is asked anew each time.
        bearer = Bearer(person.username, person.link, person.is_owner, origin)
        ticket = self._office.sign(Kind.TICKET, preview.name, bearer, self._clock())
        return f"{self._url(preview.name)}{_ENTER}?ticket={ticket}"

    def _require_domain(self, host: str) -> None:
        name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
        if not self._told.url and not _LOCAL.fullmatch(name):
            raise RefusedError(
                "Previews need a domain of their own here: whoever looks after this server sets "
                "CodeSyncXApp.preview_url."
            )


def _read_change(told: Mapping[str, Any]) -> tuple[Visibility, float]:
    if unknown := told.keys() - {"visibility", "seconds"}:
        raise InvalidRequestError(f"A preview has no {', '.join(sorted(unknown))}.")
    visibility, seconds = told.get("visibility"), told.get("seconds", 3600)
    if not isinstance(visibility, str) or visibility not in set(Visibility):
        raise InvalidRequestError(f"`visibility` is one of {', '.join(Visibility)}.")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 < seconds <= _LONGEST_PUBLIC_S:
        raise InvalidRequestError("`seconds` is a number up to a day's.")
    return Visibility(visibility), float(seconds)
