"""The project's secrets over HTTP: names come out, values only go in."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .handlers import RunBase


class SecretsHandler(RunBase):
    """All of them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List their names, without values."""
        await self.answer(await self.service.secrets.list(self.sight))


class SecretHandler(RunBase):
    """One of them."""

    @web.authenticated
    @authorized
    async def put(self, name: str) -> None:
        """Put it in, or say who may use it."""
        await self.answer(await self.service.secrets.put(self.sight, name, self.body()))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Forget it."""
        await self.service.secrets.remove(self.sight, name)
        await self.answer({})
