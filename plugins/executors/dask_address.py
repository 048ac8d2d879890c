"""Where a Dask scheduler is, and how it is talked to: its address, its certificates, and whether it is there at all.

Dask itself waits for a scheduler that is not there, and says of a wrong certificate that its time was up; so the first
bytes are looked at here, and what is wrong is told at once.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from benchsuite.api import EngineLost, SetupError

if TYPE_CHECKING:
    from distributed.security import Security

EXPECTED_ADDRESS = "tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine"
EXPECTED_FILE = "JSON with the scheduler's address"
LARGEST_GREETING = 2**10
"""Parts of a scheduler's first message, whose number it opens with: a few; other servers' text is a huge number."""


@dataclass(frozen=True)
class Address:
    """Where a scheduler listens."""

    url: str
    encrypted: bool
    host: str
    port: int

    @property
    def on_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str, where: str) -> Address:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("tls", "tcp") or not host or not port or parts.path not in ("", "/"):
        raise SetupError(
            f"{text!r} is no address of a Dask scheduler",
            where=where,
            expected=EXPECTED_ADDRESS,
            remedy="take the address that the scheduler printed when it was started",
        )
    shown = f"[{host}]" if ":" in host else host
    return Address(f"{parts.scheme}://{shown}:{port}", parts.scheme == "tls", host, port)


def read_scheduler_file(path: Path) -> Address:
    """The address in the file that `dask scheduler --scheduler-file` writes."""
    remedy = "start the scheduler with --scheduler-file on a file system that this machine sees, and name that file"
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise SetupError(
            f"cannot read the scheduler file: {reason}", where=str(path), expected=EXPECTED_FILE, remedy=remedy
        ) from None
    except ValueError:
        content = None
    address = content.get("address") if isinstance(content, dict) else None
    if not isinstance(address, str):
        raise SetupError(
            "this is not the file of a Dask scheduler",
            where=str(path),
            expected=EXPECTED_FILE,
            remedy=remedy,
        )
    return parse_address(address, str(path))


def tls_context(ca: Path | None, cert: Path | None, key: Path | None) -> tuple[Security, ssl.SSLContext]:
    """Mutual TLS by these files, or those of Dask's own configuration where none is named."""
    from distributed.security import Security

    named = {"tls_ca_file": ca, "tls_client_cert": cert, "tls_client_key": key}
    security = Security(require_encryption=True, **{name: str(path) for name, path in named.items() if path})
    files = security.get_tls_config_for_role("client")
    for option, name in (("ca", "ca_file"), ("cert", "cert"), ("key", "key")):
        _check_file(option, files[name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # as Dask does: whoever has a certificate of this authority is of the cluster
    with _refused(f"ca={files['ca_file']}", "a certificate authority in PEM"):
        context.load_verify_locations(files["ca_file"])
    with _refused(f"cert={files['cert']}, key={files['key']}", "a certificate in PEM and its own key, not encrypted"):
        context.load_cert_chain(files["cert"], files["key"], password=_no_password)
    return security, context


def _check_file(option: str, file: str | None) -> None:
    if file is None:
        raise SetupError(
            f"a tls:// address needs the option {option}",
            where="executor dask",
            expected="ca, cert and key: the authority's certificate, and this client's certificate and key, in PEM",
            remedy=f"add --executor-option {option}=FILE",
        )
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        raise SetupError(
            f"cannot read the file of the option {option}: {error.strerror or error}",
            where=file,
            expected="a PEM file that this user may read",
            remedy=f"correct --executor-option {option}=FILE",
        ) from None


class _refused:
    """Turns what OpenSSL says of a file into words."""

    def __init__(self, where: str, expected: str) -> None:
        self._where, self._expected = where, expected

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError):
            raise SetupError(
                f"TLS cannot use this: {_words(error)}",
                where=self._where,
                expected=self._expected,
                remedy="name the files that were made for this cluster",
            ) from None


def _no_password() -> NoReturn:
    raise ValueError("the key is encrypted, and nobody can be asked for its password")


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


def greet(address: Address, context: ssl.SSLContext | None, timeout: float) -> None:
    """Connect once and look at how the scheduler opens a conversation; it speaks first, once it trusts us.

    Raises EngineLost where nobody listens, SetupError where somebody does whom we cannot talk to.
    """
    try:
        connection = socket.create_connection((address.host, address.port), timeout)
    except OSError as error:
        reason = "its time was up" if isinstance(error, TimeoutError) else _words(error)
        raise EngineLost(
            f"cannot connect to the scheduler: {reason}",
            where=address.url,
            expected="a Dask scheduler that listens there",
            remedy="start `dask scheduler`, or correct the address; a firewall between the two must let its port pass",
        ) from None
    with connection:
        try:
            stream = context.wrap_socket(connection) if context else connection
            opening = stream.recv(8)
        except ssl.SSLError as error:
            raise _untrusted(address, _words(error)) from None
        except TimeoutError:
            raise _stranger(address, "it says nothing") from None
        except OSError as error:
            opening = b""
            if not context:
                raise _stranger(address, _words(error)) from None
    if not opening and context:
        raise _untrusted(address, "it closed the connection")
    if len(opening) < 8 or int.from_bytes(opening, "little") > LARGEST_GREETING:
        raise _stranger(address, "it does not open a conversation as a scheduler does")


def _untrusted(address: Address, reason: str) -> SetupError:
    return SetupError(
        f"TLS with the scheduler failed: {reason}",
        where=address.url,
        expected="a scheduler whose certificate, like ours, is signed by the authority that `ca` names",
        remedy="give ca, cert and key of this cluster; start the scheduler with --tls-ca-file, --tls-cert, --tls-key",
    )


def _stranger(address: Address, reason: str) -> SetupError:
    return SetupError(
        f"what listens there is not a Dask scheduler that can be talked to: {reason}",
        where=address.url,
        expected="a Dask scheduler with TLS" if address.encrypted else "a Dask scheduler without TLS",
        remedy="correct the address; a scheduler that was started with certificates has tls:// for tcp://",
    )
