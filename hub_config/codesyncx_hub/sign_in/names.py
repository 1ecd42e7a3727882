"""Which user name a person has in the Hub.

A name is made of what doesn't change and belongs to one person only: an address in its one
spelling (`addresses`), or what a provider calls somebody for ever. Two of them never give one name:
whatever isn't a small letter, a digit, `.`, `_`, `-` or `+` is written `=` and two hexadecimal
digits for each of its bytes. A name of an address has one `@`, a name of a provider's none. No name
begins with `p-`: these are the projects'.
"""

from __future__ import annotations

import hashlib
import re

from .errors import AddressError

PROJECT_PREFIX = "p-"
LONGEST_NAME = 255
"""The column of the Hub's database."""
WAY = re.compile(r"(?!p$)[a-z][a-z0-9]{0,31}")
"""What a way to sign in is called; it begins the names of those who come by it."""

_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-+")


def name_of_address(address: str) -> str:
    """Name whoever reads the mail to `address`, which is in its one spelling."""
    local, _, domain = address.rpartition("@")
    name = f"{_escaped(local)}@{_escaped(domain)}"
    if name.startswith(PROJECT_PREFIX):
        name = f"={ord(name[0]):02x}{name[1:]}"
    if len(name) > LONGEST_NAME:
        raise AddressError("This address is too long to be a name here.")
    return name


def name_of_subject(way: str, subject: str) -> str:
    """Name whom the provider of `way` calls `subject`; what would be too long becomes a hash."""
    if not WAY.fullmatch(way):
        raise ValueError(f"A way to sign in can't be called {way!r}: small letters and digits.")
    name = f"{way}-{_escaped(subject)}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{way}-~{hashlib.sha256(subject.encode()).hexdigest()}"


def is_of_a_project(name: str) -> bool:
    """Say whether a name is one that no person may have."""
    return name.lower().startswith(PROJECT_PREFIX)


def _escaped(text: str) -> str:
    return "".join(chr(byte) if byte in _KEPT else f"={byte:02x}" for byte in text.encode())
