"""How the Hub's mail gets to a real mail server, and what happens when it doesn't."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiosmtplib
import pytest
from support.mail_sink import MailSink, certificate
from traitlets.config import Config
from traitlets.traitlets import TraitError

from codesyncx_hub.sign_in.email_code import EmailCode
from codesyncx_hub.sign_in.mail import MailServer, Postbox, message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SENDER = "Course <course@example.org>"
LETTER = ("ada@example.org", "Your code\n\nIt is 1234.")
LOG = logging.getLogger("mail")


def server_of(sink: MailSink, **changes: object) -> MailServer:
    plain = MailServer("127.0.0.1", sink.port, "none", "", "", "", SENDER, 10.0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def posted(server: MailServer, retry_after_s: tuple[float, ...] = ()) -> Postbox:
    return Postbox(server, lambda: datetime.now(UTC), LOG, retry_after_s)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - of a thread and a log
            await asyncio.sleep(0.01)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[MailSink, Path]]:
    """Give a server that takes mail by STARTTLS, from who knows the password only."""
    pem, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key)
    with MailSink(context, ("hub", "the-password")) as sink:
        yield sink, pem


@pytest.mark.asyncio
async def test_mail_goes_by_starttls_with_a_password(secured: tuple[MailSink, Path]) -> None:
    sink, pem = secured
    server = server_of(
        sink, security="starttls", user="hub", password="the-password", ca_file=str(pem)
    )
    posted(server).post(lambda: LETTER)
    letter = await asyncio.to_thread(sink.newest, "ada@example.org")
    assert letter["Subject"] == "Your code"
    assert letter.get_content().strip() == "It is 1234."


@pytest.mark.asyncio
async def test_no_mail_goes_to_a_server_that_cannot_show_who_it_is(
    secured: tuple[MailSink, Path], caplog: pytest.LogCaptureFixture
) -> None:
    sink, _ = secured
    server = server_of(sink, security="starttls", user="hub", password="the-password")
    posted(server).post(lambda: LETTER)
    await until(lambda: "certificate verify failed" in caplog.text)
    assert "ada@example.org couldn't be sent" in caplog.text
    assert "1234" not in caplog.text
    assert sink.letters == []


@pytest.mark.asyncio
async def test_no_mail_goes_unencrypted_where_encryption_was_asked_for() -> None:
    with MailSink() as sink:
        with pytest.raises(aiosmtplib.SMTPException):
            await server_of(sink, security="starttls").send(
                message_of(LETTER, SENDER, datetime.now(UTC))
            )
        assert sink.letters == []


@pytest.mark.asyncio
async def test_a_server_that_is_busy_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    with MailSink() as sink:
        sink.refuse = "451 come back later"
        posted(server_of(sink), (0.05,) * 200).post(lambda: LETTER)
        await until(lambda: "come back later" in caplog.text)
        sink.refuse = ""
        assert await asyncio.to_thread(sink.newest, "ada@example.org")


@pytest.mark.asyncio
async def test_a_final_no_is_taken_for_one(caplog: pytest.LogCaptureFixture) -> None:
    with MailSink() as sink:
        sink.refuse = "550 nobody of that name"
        posted(server_of(sink), (60.0,)).post(lambda: LETTER)
        await until(lambda: "couldn't be sent" in caplog.text)
        assert "nobody of that name" in caplog.text


@pytest.mark.asyncio
async def test_a_letter_that_cannot_be_written_keeps_none_from_being_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> tuple[str, str]:
        raise ValueError("no words")

    with MailSink() as sink:
        box = posted(server_of(sink))
        box.post(broken)
        box.post(lambda: ("ada@example.org\nBcc: eve@example.org", "Hello\n\nthere"))
        box.post(lambda: LETTER)
        await asyncio.to_thread(sink.newest, "ada@example.org")
        await until(lambda: caplog.text.count("couldn't be written") == 2)
        assert len(sink.letters) == 1


@pytest.mark.asyncio
async def test_more_than_can_be_sent_is_dropped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with MailSink() as sink:
        box = posted(server_of(sink))
        for _ in range(501):
            box.post(lambda: None)
        assert "500 letters are on their way" in caplog.text


def test_a_password_goes_to_no_server_unencrypted(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    settings = {"smtp_security": "none", "smtp_password_file": str(tmp_path / "password")}
    with pytest.raises(TraitError, match="unencrypted"):
        EmailCode(config=Config(EmailCode=settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"allowed_domains": {"example.org\nx"}},
        {"allowed_addresses": {"ada"}},
        {"proxy_networks": ["everywhere"]},
        {"way": "p"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(TraitError, match=next(iter(settings))):
        EmailCode(config=Config(EmailCode=settings))
