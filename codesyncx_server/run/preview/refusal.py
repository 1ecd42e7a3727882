"""Answers of the server's own, in place of an app's. Pure."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from tornado.httputil import HTTPHeaders

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 16px/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 32em;
         padding: 0 1em; }}
  h1 {{ font-size: 1.3em; }}
</style>
<h1>{title}</h1><p>{sentence}</p></html>
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the server's own."""

    status: int
    title: str
    sentence: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())
    again_after_s: int | None = None

    def page(self) -> tuple[HTTPHeaders, bytes]:
        """Give it as a page that does nothing."""
        page = _PAGE.format(
            title=html.escape(self.title), sentence=html.escape(self.sentence)
        ).encode()
        headers = HTTPHeaders(
            {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": str(len(page)),
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
            }
        )
        if self.again_after_s is not None:
            headers["Refresh"] = str(self.again_after_s)
        for name, value in self.headers:
            headers.add(name, value)
        return headers, page
