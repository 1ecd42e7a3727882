"""What the projects service asks of the Hub: project users, their servers, and who may reach them.

https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from ..errors import HubUnavailableError

SERVER = "main"
#: The Hub's users that are projects, and no people.
GROUP = "csx-projects"
_ANSWER_S = 20.0
_PAGE = 200


class HubApi:
    """The Hub's REST API, with the service's own token; HubUnavailableError when it fails."""

    def __init__(self, url: str, token: str) -> None:
        """Take the API's address, as in JUPYTERHUB_API_URL."""
        self._url = url.rstrip("/")
        self._token = token
        self._client = SimpleAsyncHTTPClient(force_instance=True)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    async def make_server(self, user: str) -> None:
        """Have a project's user and its server known to the Hub; nothing if they are."""
        conflict = HTTPStatus.CONFLICT
        await self._ask("POST", f"users/{quote(user)}", {}, accept=(conflict,))
        await self._ask("POST", f"groups/{GROUP}/users", {"users": [user]})
        await self._ask("PUT", f"users/{quote(user)}/servers/{SERVER}", {}, accept=(conflict,))

    async def shared_with(self, user: str) -> set[str]:
        """Give the names of those who may reach a project's server."""
        found: set[str] = set()
        seen = 0
        path = f"shares/{quote(user)}/{SERVER}"
        while True:
            told = await self._ask("GET", f"{path}?offset={seen}&limit={_PAGE}")
            found |= {share["user"]["name"] for share in told["items"] if share["user"]}
            seen += len(told["items"])
            if told["_pagination"]["next"] is None:
                return found

    async def share(self, user: str, with_: str) -> bool:
        """Let somebody reach a project's server; False for one whom the Hub doesn't know yet."""
        missing = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
        path = f"shares/{quote(user)}/{SERVER}"
        answer = await self._ask("POST", path, {"user": with_}, accept=missing)
        return answer is not None

    async def unshare(self, user: str, with_: str) -> None:
        """Let somebody not reach a project's server any more."""
        path = f"shares/{quote(user)}/{SERVER}"
        await self._ask("PATCH", path, {"user": with_}, accept=(HTTPStatus.NOT_FOUND,))

    async def start(self, user: str) -> bool:
        """Start a project's server; whether it is ready already."""
        path = f"users/{quote(user)}/servers/{SERVER}"
        # 400 with "is already running": there is no code of its own for that.
        await self._ask("POST", path, {}, accept=(HTTPStatus.BAD_REQUEST,))
        return await self.is_ready(user)

    async def is_ready(self, user: str) -> bool:
        """Whether a project's server can be opened."""
        told = await self._ask("GET", f"users/{quote(user)}", accept=(HTTPStatus.NOT_FOUND,))
        server = ((told or {}).get("servers") or {}).get(SERVER) or {}
        return bool(server.get("ready"))

    async def stop(self, user: str) -> None:
        """Stop a project's server, if it runs."""
        gone = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
        await self._ask("DELETE", f"users/{quote(user)}/servers/{SERVER}", accept=gone)

    async def forget(self, user: str) -> None:
        """Stop a project's server and forget its user."""
        await self._ask("DELETE", f"users/{quote(user)}", accept=(HTTPStatus.NOT_FOUND,))

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept: tuple[HTTPStatus, ...] = (),
    ) -> Any:
        """Give the Hub's answer, and None for one of the statuses in `accept`."""
        request = HTTPRequest(
            f"{self._url}/{path}",
            method,
            headers={"Authorization": f"token {self._token}"},
            body=None if body is None else json.dumps(body),
            allow_nonstandard_methods=True,
            request_timeout=_ANSWER_S,
            follow_redirects=False,
        )
        try:
            answer = await self._client.fetch(request)
        except HTTPClientError as error:
            if error.code in accept:
                return None
            raise HubUnavailableError(
                f"The Hub answers {method} {path} with {error.code}."
            ) from error
        except OSError as error:
            raise HubUnavailableError(f"The Hub can't be reached: {error}") from error
        return json.loads(answer.body) if answer.body else {}
