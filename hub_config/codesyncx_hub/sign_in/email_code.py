"""Signing in by e-mail: no password, but a code that is sent to an address."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Enum, Float, Integer, List, Unicode, default, validate
from traitlets.traitlets import TraitError

from codesyncx_server.rate_limit import RateLimit

from .addresses import normalised
from .client_address import client_network, networks
from .codes import OpenCodes
from .mail import Letter, MailServer, Postbox
from .names import name_of_address
from .profile import profile_of_address
from .way import Route, SignInWay, may_come_by_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyterhub.handlers import BaseHandler

QUARTER_HOUR_S = 15 * 60
HOUR_S = 3600


class EmailCode(SignInWay):
    """Sends a one-time code to an address, and lets in who types it in the browser that asked."""

    smtp_host = Unicode(help="The mail server that takes the Hub's mail.").tag(config=True)
    smtp_port = Integer(
        0, min=0, max=65535, help="Its port; 0 is 587 with STARTTLS, 465 with TLS, 25 with neither."
    ).tag(config=True)
    smtp_security: Any = Enum(
        ["starttls", "tls", "none"],
        "starttls",
        help="How the connection is kept from others; `none` only to a server nobody is between.",
    ).tag(config=True)
    smtp_user = Unicode(help="Who the Hub is to the mail server; nothing if it doesn't ask.").tag(
        config=True
    )
    smtp_password_file = Unicode(help="A file with the password; read at each start.").tag(
        config=True
    )
    smtp_ca_file = Unicode(
        help="Certificates to check the mail server's by, if not the system's."
    ).tag(config=True)
    smtp_timeout_s = Float(20.0, help="How long the mail server may take to answer.").tag(
        config=True
    )
    sender = Unicode(help="From whom the mail is: `Course <course@example.org>`.").tag(config=True)
    site_name = Unicode("CodeSyncX", help="What the mail says one signs in to.").tag(config=True)
    codes_per_address = Integer(20, min=1, help="Codes sent to one address in an hour.").tag(
        config=True
    )
    codes_per_address_and_network = Integer(
        5, min=1, help="Codes that one network may ask for one address in a quarter of an hour."
    ).tag(config=True)
    codes_per_network = Integer(
        600, min=1, help="Codes that one network may ask for in an hour; a lecture hall is one."
    ).tag(config=True)
    tries_per_network = Integer(
        1000, min=1, help="Codes, right or wrong, that one network may type in an hour."
    ).tag(config=True)
    proxy_networks = List(
        Unicode(),
        ["127.0.0.0/8", "::1/128"],
        help="Where the Hub's proxies are: their X-Forwarded-For is believed, nobody else's.",
    ).tag(config=True)

    @default("way")
    def _default_way(self) -> str:
        return "email"

    @validate("proxy_networks")
    def _check_networks(self, proposal: Any) -> list[str]:
        try:
            networks(proposal.value)
        except ValueError as error:
            raise TraitError(f"proxy_networks: {error}") from error
        return list(proposal.value)

    def __init__(self, **kwargs: Any) -> None:
        """Read the settings and the password; nothing is sent yet."""
        super().__init__(**kwargs)
        self.codes = OpenCodes(time.monotonic)
        self.postbox = Postbox(self._mail_server(), lambda: datetime.now(UTC), self.log)
        self._proxies = networks(self.proxy_networks)
        self._limits = _Limits(self)

    def network_of(self, handler: BaseHandler) -> str:
        """Give the network that a request comes from, for limits."""
        request: Any = handler.request
        # Tornado puts what X-Real-IP says, whoever says it, in the place of the peer's address.
        peer = getattr(request.connection.context, "_orig_remote_ip", request.remote_ip)
        said = handler.request.headers.get("X-Forwarded-For", "")
        return client_network(str(peer), said, self._proxies)

    def ask(self, text: str, browser: str, network: str, write: Callable[[str], str]) -> None:
        """Have a code sent to an address, if somebody may sign in with it; one can't tell which.

        `write` makes the text of the letter out of the code. AddressError for what is no address,
        TooManyError over a limit.
        """
        address = normalised(text)
        self._limits.ask(address, network)
        code = self.codes.ask(address, browser)
        # Whether there is anything to send is found out when the answer is on its way.
        self.postbox.post(lambda: self._letter(address, code, write))

    def _letter(self, address: str, code: str, write: Callable[[str], str]) -> Letter | None:
        if may_come_by_address(self, address):
            return address, write(code)
        self.log.warning("No code is sent to %s, who may not sign in", address)
        return None

    async def authenticate(self, handler: BaseHandler, data: Any = None) -> Any:
        """Give whose code was typed; CodeRefusedError or TooManyError otherwise."""
        if not data or "browser" not in data:
            return None
        self._limits.type(self.network_of(handler))
        address = self.codes.spend(data["browser"], data["code"])
        name = name_of_address(address)
        return {
            "name": name,
            "user_info": profile_of_address(address).user_info(name),
            "auth_state": {"way": self.way, "email": address},
        }

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Let in who is in a list of users, addresses or domains."""
        if super().check_allowed(username, authentication):
            return True
        if not authentication:
            return False
        return username in self.admin_users or self.allows_address(
            authentication["user_info"]["email"]
        )

    def check_allow_config(self) -> None:
        """Say at the start what can't work."""
        super().check_allow_config()
        if not self.smtp_host or not self.sender:
            self.log.error(
                "Nobody can sign in by e-mail: set c.EmailCode.smtp_host and c.EmailCode.sender"
            )

    def login_url(self, base_url: str) -> str:
        """Give the page with the form."""
        return self.url(base_url, "code")

    def own_handlers(self) -> list[Route]:
        """Give the forms for the address and for the code."""
        from .email_pages import AskForCode, TypeCode  # noqa: PLC0415 - the pages know this class

        return [
            (self.path("ask"), self.bound(AskForCode)),
            (self.path("code"), self.bound(TypeCode)),
        ]

    def _mail_server(self) -> MailServer:
        password = ""
        if self.smtp_password_file:
            password = Path(self.smtp_password_file).read_text().strip()
        if password and self.smtp_security == "none":
            raise TraitError("No password goes to a mail server unencrypted: see smtp_security")
        return MailServer(
            self.smtp_host,
            self.smtp_port,
            self.smtp_security,
            self.smtp_user,
            password,
            self.smtp_ca_file,
            self.sender,
            self.smtp_timeout_s,
        )


class _Limits:
    """How often codes may be asked for and guessed; they count for any address, known or not."""

    def __init__(self, way: EmailCode) -> None:
        self._network = RateLimit("codes from your network", way.codes_per_network, HOUR_S)
        self._address = RateLimit("codes for this address", way.codes_per_address, HOUR_S)
        self._both = RateLimit(
            "codes for this address", way.codes_per_address_and_network, QUARTER_HOUR_S
        )
        self._tries = RateLimit("tries from your network", way.tries_per_network, HOUR_S)

    def ask(self, address: str, network: str) -> None:
        self._network.spend(network)
        self._both.spend(f"{network} {address}")
        self._address.spend(address)

    def type(self, network: str) -> None:
        self._tries.spend(network)
