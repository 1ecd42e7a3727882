"""The gate's few pages: they need nothing but themselves, and run no script but their own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("codesyncx_server.gate", "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page:
    """One answer to a person."""

    def __init__(self, handler: JupyterHandler) -> None:
        self._handler = handler
        self._nonce = secrets.token_urlsafe(16)

    def render(self, name: str, **facts: Any) -> str:
        """Fill in a template, and set the headers that go with it."""
        handler = self._handler
        handler.set_header("Content-Type", "text/html; charset=UTF-8")
        handler.set_header("Cache-Control", "no-store")
        handler.set_header("Referrer-Policy", "no-referrer")
        handler.set_header(
            "Content-Security-Policy",
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
            " connect-src 'self'; img-src 'self'; "
            f"style-src 'nonce-{self._nonce}'; script-src 'nonce-{self._nonce}'",
        )
        template = _TEMPLATES.get_template(name)
        return template.render(nonce=self._nonce, base_url=handler.base_url, **facts)
