"""A package index of the tests' own: HTTPS, one package, and a certificate that nobody else has."""

from __future__ import annotations

import datetime as dt
import io
import ssl
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "index.example"
_WHEEL = "greeting-1.0-py3-none-any.whl"


class PackageIndex:
    """An index that serves at a port of this machine; `authority` is what its certificate is of."""

    def __init__(self, port: int, authority: str) -> None:
        self.port = port
        self.authority = authority


@contextmanager
def package_index(folder: Path) -> Iterator[PackageIndex]:
    """Have one for a while."""
    authority = _make_certificate(folder / "index.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "index.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield PackageIndex(server.server_port, authority)
        server.shutdown()
        thread.join()


def _wheel() -> bytes:
    made = io.BytesIO()
    about = "greeting-1.0.dist-info"
    with zipfile.ZipFile(made, "w") as wheel:
        wheel.writestr("greeting.py", "TEXT = 'hello from a package'\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
    return made.getvalue()


class _Index(BaseHTTPRequestHandler):
    pages = {  # noqa: RUF012 - never changed
        "/simple/greeting/": f'<a href="/files/{_WHEEL}">{_WHEEL}</a>'.encode(),
        f"/files/{_WHEEL}": _wheel(),
    }

    def do_GET(self) -> None:
        page = self.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header(
            "Content-Type", "text/html" if self.path.endswith("/") else "application/zip"
        )
        self.send_header("Content-Length", str(len(page or b"")))
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _make_certificate(file: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + certificate)
    return certificate.decode()
