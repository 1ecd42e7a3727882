from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from codesyncx_hub.sign_in.errors import IdentityRefusedError
from codesyncx_hub.sign_in.id_token import UnknownKeyError, verified_address, verified_claims

NOW = 1_800_000_000
ISSUER = "https://login.example.org"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
UNKNOWN = RSAKey.generate_key(2048, {"kid": "two"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
PUBLIC = KeySet([RSAKey.import_key(KEY.as_dict(private=False)), CURVE])
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "hub",
    "sub": "7",
    "nonce": "of this attempt",
    "iat": NOW,
    "exp": NOW + 300,
}


def signed(key: Any = KEY, algorithm: str = "RS256", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    header = {"alg": algorithm, "kid": key.kid or "one"}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def read(token: str) -> dict[str, Any]:
    return verified_claims(
        token, PUBLIC, issuer=ISSUER, client_id="hub", nonce="of this attempt", now_s=NOW
    )


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(CURVE, "ES256"),
        signed(aud=["hub"]),
        signed(aud=["hub", "other"], azp="hub"),
        signed(azp="hub"),
        signed(iat=NOW + 30, exp=NOW + 60),
    ],
)
def test_a_token_made_for_this_attempt_is_believed(token: str) -> None:
    assert read(token)["sub"] == "7"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.example.org/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": ["hub", "other"]},
        {"aud": ["hub", "other"], "azp": "other"},
        {"aud": []},
        {"aud": None},
        {"azp": "other"},
        {"nonce": "of another attempt"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": ["of this attempt"]},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": "a" * 256},
    ],
    ids=str,
)
def test_a_token_made_for_anything_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(IdentityRefusedError):
        read(signed(**changes))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(IdentityRefusedError):
        read(signed(OTHER))
    with pytest.raises(UnknownKeyError):
        read(signed(UNKNOWN))


def test_a_token_that_is_not_signed_is_refused() -> None:
    _, payload, signature = signed().split(".")
    for header in ({"alg": "none"}, {"alg": "none", "kid": "one"}):
        first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
        for rest in (f"{payload}.", f"{payload}.{signature}"):
            with pytest.raises(IdentityRefusedError):
                read(f"{first}.{rest}")


def test_a_public_key_is_no_password() -> None:
    # joserfc makes no such token, others may: signed with what everybody knows, as with a secret.
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signing_input = header.rstrip(b"=") + b"." + signed().split(".")[1].encode()
    digest = hmac.digest(KEY.as_pem(private=False), signing_input, "sha256")
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=")
    with pytest.raises(IdentityRefusedError):
        read((signing_input + b"." + signature).decode())


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    header, _, signature = signed().split(".")
    payload = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "8"}).encode()).decode()
    with pytest.raises(IdentityRefusedError):
        read(f"{header}.{payload.rstrip('=')}.{signature}")


@given(st.one_of(st.text(), st.text("abcdefgABCDEFG0123456789-_.")))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(IdentityRefusedError):
        read(text)


@pytest.mark.parametrize(
    ("claims", "address"),
    [
        ({"email": "ada@example.org", "email_verified": True}, "ada@example.org"),
        ({"email": "ada@example.org", "email_verified": False}, None),
        ({"email": "ada@example.org", "email_verified": "true"}, None),
        ({"email": "ada@example.org", "email_verified": 1}, None),
        ({"email": "ada@example.org"}, None),
        ({"email": ["ada@example.org"], "email_verified": True}, None),
        ({"email_verified": True}, None),
    ],
)
def test_only_an_address_that_was_checked_is_one(
    claims: dict[str, Any], address: str | None
) -> None:
    assert verified_address(claims) == address
