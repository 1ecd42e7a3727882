"""A mail server that keeps what it is given."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage
    from pathlib import Path

WAIT_S = 20


class MailSink:
    """Listens on a free port; `refuse` has it answer so to each recipient, as long as it is set."""

    def __init__(
        self, context: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.letters: list[EmailMessage] = []
        self.refuse = ""
        self._came = threading.Condition()
        self._login = login
        options: dict[str, Any] = {}
        if context:
            options = {"tls_context": context, "require_starttls": True}
        if login:
            options |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller = Controller(self, "127.0.0.1", _free_port(), **options)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, to: str, ___: Any) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Take a recipient, or not."""
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - likewise
        """Keep a letter."""
        letter = message_from_bytes(envelope.content, policy=policy.default)
        letter["X-Recipients"] = ",".join(envelope.rcpt_tos)
        with self._came:
            self.letters.append(letter)
            self._came.notify_all()
        return "250 OK"

    def newest(self, address: str, after: int = 0) -> EmailMessage:
        """Wait for a letter to an address that is none of the first `after`; give the last."""

        def found() -> list[EmailMessage]:
            return [each for each in self.letters if each["X-Recipients"] == address]

        with self._came:
            if not self._came.wait_for(lambda: len(found()) > after, WAIT_S):
                raise AssertionError(f"no mail came to {address}")
            return found()[-1]

    def code(self, address: str, after: int = 0) -> str:
        """Wait for a code to an address."""
        text = self.newest(address, after).get_content().replace("\r\n", "\n")
        found = re.search(r"^ {4}(\d{4} \d{4})$", text, re.MULTILINE)
        assert found
        return found[1].replace(" ", "")

    def _authenticate(self, *details: Any) -> AuthResult:
        sent = details[-1]
        is_right = isinstance(sent, LoginPassword) and self._login == (
            sent.login.decode(),
            sent.password.decode(),
        )
        return AuthResult(success=is_right)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and its key."""
    paths = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext"]
    command += ["subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(command, check=True, capture_output=True)
    return paths


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
