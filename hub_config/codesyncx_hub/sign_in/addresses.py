"""One way to write each e-mail address.

The code goes to the address as it is written here and nowhere else, so that two spellings are one
account only if they are one mailbox:

- Upper case becomes lower case, before the @ too. A mail server that tells `Ada@` from `ada@` would
  get a code for `ada@` only.
- The domain is in its ASCII form: a look-alike of `example.org` with a Cyrillic letter in it is
  `xn--exmple-4nf.org` in lists and names, and on no list of allowed domains by mistake.
- Before the @ only ASCII is taken: elsewhere look-alikes can't be told apart by eye, and few mail
  servers take it.
- `ada+course@` is another address than `ada@`: what + means is the mail server's business.
"""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from .errors import AddressError

LONGEST_ADDRESS = 254
"""RFC 5321: a path has 256 characters, two of which are brackets."""


def normalised(text: str) -> str:
    """Give the one spelling of an address; AddressError if no mail can go there."""
    if len(text) > LONGEST_ADDRESS:
        raise AddressError(f"An e-mail address has at most {LONGEST_ADDRESS} characters.")
    try:
        address = validate_email(
            text.strip(" "),
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            check_deliverability=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise AddressError(str(error)) from error
    return f"{address.local_part}@{address.ascii_domain}".lower()


def domain_of(address: str) -> str:
    """Give what is after the @ of an address in its one spelling."""
    return address.rpartition("@")[2]


def normalised_domain(domain: str) -> str:
    """Give a domain as `domain_of` gives it; AddressError if it is none."""
    return domain_of(normalised(f"somebody@{domain}"))
