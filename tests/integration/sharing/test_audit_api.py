"""The audit log over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from codesyncx_server.access.audit import Entry, What

if TYPE_CHECKING:
    from codesyncx_server.access.service import AccessService

from support.sharing_api import Ask, to_user


async def test_the_audit_log_tells_owners_who_did_what(ask: Ask) -> None:
    made = await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    await ask("ada", "GET", "grants", path="labs")
    await ask("ada", "GET", "grants", path="labs")
    await ask("grace", "DELETE", f"grants/{made.data['id']}")

    entries = (await ask("grace", "GET", "audit")).data["entries"]
    told = [(one["who"], one["what"], one["path"]) for one in entries]
    assert sorted(told) == [
        ("ada", "refused", "labs"),
        ("grace", "granted", "labs"),
        ("grace", "revoked", "labs"),
    ]
    assert entries[0]["id"] > entries[-1]["id"]
    refused = (await ask("grace", "GET", "audit", what="refused")).data["entries"]
    assert [one["detail"] for one in refused] == [{"permission": "share"}]
    of_grace = (await ask("grace", "GET", "audit", who="grace", limit=1)).data["entries"]
    assert [one["what"] for one in of_grace] == ["revoked"]
    before = (await ask("grace", "GET", "audit", before=of_grace[0]["id"], who="grace")).data
    assert [one["what"] for one in before["entries"]] == ["granted"]
    assert (await ask("grace", "GET", "audit", path="lab")).data["entries"] == []
    assert (await ask("grace", "GET", "audit", what="sung")).problem == (400, "invalid_request")
    assert (await ask("ada", "GET", "audit")).problem == (403, "shut_out")
    assert (await ask("ada", "GET", "audit/export")).problem == (403, "shut_out")

    export = await ask("grace", "GET", "audit/export")
    lines = [json.loads(line) for line in export.text.splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert {line["what"] for line in lines} == {"granted", "revoked", "refused"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await ask("grace", method, "audit", "{}")).status == 405


async def test_a_long_audit_log_is_exported_whole_and_in_order(
    ask: Ask, service: AccessService
) -> None:
    entries = [Entry(float(number), "ada", What.REFUSED, path="ä") for number in range(2345)]
    await asyncio.to_thread(service._store.write_audit, entries)
    export = await ask("grace", "GET", "audit/export")
    assert [json.loads(line)["time"] for line in export.text.splitlines()] == list(range(2345))
