"""Sends mail without anybody waiting for it: how long it takes says nothing about an address."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Literal

import aiosmtplib

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from datetime import datetime

    Log = logging.Logger | logging.LoggerAdapter[logging.Logger]

PORTS = {"starttls": 587, "tls": 465, "none": 25}
AT_ONCE = 4
MOST_ON_THEIR_WAY = 500
RETRY_AFTER_S = (1.0, 5.0, 20.0)
BEGIN_AFTER_S = 0.2
"""By then the answer to whoever asked has left: writing and sending take none of its time."""

Security = Literal["starttls", "tls", "none"]
Letter = tuple[str, str]
"""Whom it goes to, and its text: the subject on the first line, the rest after an empty one."""


@dataclass(frozen=True)
class MailServer:
    """An SMTP server that takes our mail."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    ca_file: str
    sender: str
    timeout_s: float

    async def send(self, message: EmailMessage) -> None:
        """Hand a message over.

        aiosmtplib.SMTPException or OSError if the server can't be reached or doesn't take it.
        """
        plain = self.security == "none"
        context = None if plain else ssl.create_default_context(cafile=self.ca_file or None)
        await aiosmtplib.send(
            message,
            hostname=self.host,
            port=self.port or PORTS[self.security],
            username=self.user or None,
            password=self.password or None,
            use_tls=self.security == "tls",
            # Never "if it is offered": whoever is in between could say that it isn't.
            start_tls=self.security == "starttls",
            tls_context=context,
            timeout=self.timeout_s,
        )


def message_of(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """Build a message; ValueError if a line break or another header is hidden in an address."""
    to, text = letter
    subject, _, body = text.strip().partition("\n")
    local, _, domain = to.rpartition("@")
    message = EmailMessage(SMTP)
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    host = sender.rpartition("@")[2].strip("<> ")
    message["Message-ID"] = make_msgid(domain=host)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office notes back
    message.set_content(body.strip() + "\n")
    return message


class Postbox:
    """Letters on their way; a few are handed over at a time."""

    def __init__(
        self,
        server: MailServer,
        now: Callable[[], datetime],
        log: Log,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        """Send nothing yet."""
        self._server = server
        self._now = now
        self._log = log
        self._retry_after_s = retry_after_s
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._on_their_way: set[asyncio.Task[None]] = set()

    def post(self, write: Callable[[], Letter | None]) -> None:
        """Have a letter written and sent later; `write` may find that there is nothing to send."""
        if len(self._on_their_way) >= MOST_ON_THEIR_WAY:
            self._log.error("%d letters are on their way: one more is lost", MOST_ON_THEIR_WAY)
            return
        task = asyncio.create_task(self._deliver(write))
        self._on_their_way.add(task)
        task.add_done_callback(self._arrived)

    async def _deliver(self, write: Callable[[], Letter | None]) -> None:
        await asyncio.sleep(BEGIN_AFTER_S)
        letter = write()
        if letter is None:
            return
        message = message_of(letter, self._server.sender, self._now())
        for pause_s in (*self._retry_after_s, None):
            try:
                async with self._at_once:
                    await self._server.send(message)
            except (aiosmtplib.SMTPException, OSError) as error:
                if pause_s is None or _is_final(error):
                    self._log.error("Mail to %s couldn't be sent: %s", letter[0], error)
                    return
                self._log.warning("Mail to %s waits %g s: %s", letter[0], pause_s, error)
                await asyncio.sleep(pause_s)
            else:
                self._log.info("Mail to %s was sent", letter[0])
                return

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log.error("A letter couldn't be written", exc_info=error)


def _is_final(error: Exception) -> bool:
    """Say whether the server has said that trying again is of no use (RFC 5321, 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(_is_final(each) for each in error.recipients)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code >= 500  # noqa: PLR2004 - the RFC's
    return isinstance(error, ssl.SSLCertVerificationError)
