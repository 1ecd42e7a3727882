"""A registry with one image, of which Docker can pull: no program fits, for nothing is in it.

Run as `image_registry.py PORT`; see the OCI distribution specification.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "empty"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _make() -> tuple[bytes, dict[str, bytes]]:
    """Give the manifest, and what it speaks of by its digests."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    content = layer.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(content)]},
        }
    ).encode()

    def told(kind: str, blob: bytes) -> dict[str, object]:
        return {"mediaType": kind, "size": len(blob), "digest": _digest(blob)}

    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": told(_CONFIG, config),
            "layers": [told(_LAYER, content)],
        }
    ).encode()
    return manifest, {_digest(blob): blob for blob in (content, config)}


class _Registry(BaseHTTPRequestHandler):
    manifest, blobs = _make()

    def do_GET(self) -> None:
        last = self.path.rpartition("/")[2]
        found: bytes | None = b"{}" if self.path == "/v2/" else self.blobs.get(last)
        if f"/{NAME}/manifests/" in self.path:
            found = self.manifest
        self.send_response(404 if found is None else 200)
        if found is not None:
            self.send_header("Content-Type", _MANIFEST)
            self.send_header("Docker-Content-Digest", _digest(found))
            self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        if found is not None and self.command == "GET":
            self.wfile.write(found)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Registry) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
