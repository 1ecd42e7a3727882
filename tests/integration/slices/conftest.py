"""A server with a file of which people may see some lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path


from support.studio import LINES, OwnedByGrace, Studio, wait_for


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    extensions = ("codesyncx_server", "jupyter_server_fileid", "jupyter_server_ydoc")
    return {
        "FileContentsManager": {"delete_to_trash": False},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": OwnedByGrace,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def studio(
    jp_fetch: Any,
    jp_serverapp: Any,
    jp_http_port: int,
    jp_base_url: str,
    jp_root_dir: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Studio]:
    assert jp_fetch  # brings the listening server up
    url = f"http://localhost:{jp_http_port}{jp_base_url}".rstrip("/")
    made = Studio(url, jp_root_dir, jp_serverapp.web_app.settings)
    (jp_root_dir / "solver.py").write_text(LINES)
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]

    async def begin() -> None:
        if app.project.tracker is None:
            await app._start_jupyter_server_extension(jp_serverapp)
        await wait_for(lambda: app.project.tracker.is_watching)

    jp_asyncio_loop.run_until_complete(begin())
    yield made
    for peer in made.peers:
        jp_asyncio_loop.run_until_complete(peer.leave())


@pytest.fixture
def lines() -> dict[str, Any]:
    return {"kind": "lines", "start_line": 3, "end_line": 5}
