"""A Temporal server behind TLS that wants a certificate of its callers: Cloud, or a cluster of the shop's own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.settings import WrongSetting, load_settings
from runtime.temporal import connect
from tests.servers_here import Servers

HERE = "127.0.0.1"
Key = ec.EllipticCurvePrivateKey


def written(folder: Path, name: str, signer: tuple[x509.Name, Key] | None = None) -> tuple[x509.Name, Key]:
    """A certificate and its key as files; without a signer, one that signs others."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = signer or (subject, key)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(*plain))
    return subject, key


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """An authority, a server's certificate and a caller's, as files."""
    authority = written(tmp_path, "authority")
    written(tmp_path, "server", authority)
    written(tmp_path, "caller", authority)
    return tmp_path


@pytest.fixture
async def guarded(servers: Servers, keys: Path) -> AsyncIterator[str]:
    """The real server, reached over TLS by known callers only."""
    host, port = servers.temporal_address.split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.pem", keys / "server.key")
    context.load_verify_locations(keys / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])

    calls = set[asyncio.Task[None]]()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.add(asyncio.current_task())  # type: ignore[arg-type]  # it is a task that asks
        there, onward = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(poured(reader, onward), poured(there, writer))
        finally:
            for end in (writer, onward):
                end.transport.abort()

    front = await asyncio.start_server(pass_on, HERE, 0, ssl=context)
    yield f"{HERE}:{front.sockets[0].getsockname()[1]}"
    front.close()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0)  # what was aborted is closed a moment later


async def poured(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until nothing does."""
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    writer.close()


def files(keys: Path, *names: str) -> dict[str, str]:
    """The settings that name them."""
    of = {"ca_cert": "authority.pem", "client_cert": "caller.pem", "client_key": "caller.key"}
    return {f"temporal_tls_{name}": str(keys / of[name]) for name in names}


async def test_a_known_caller_is_let_in(guarded: str, keys: Path) -> None:
    """With the authority's certificate and one of its own, everything works as without TLS."""
    settings = load_settings(temporal_address=guarded, **files(keys, "ca_cert", "client_cert", "client_key"))
    client = await connect(settings)
    assert await client.service_client.check_health()


@pytest.mark.parametrize(
    "named", [("ca_cert",), ("client_cert", "client_key"), ()], ids=["no certificate", "no authority", "no TLS"]
)
async def test_nobody_else_is(guarded: str, keys: Path, named: tuple[str, ...]) -> None:
    """Who lacks a certificate, does not know the authority, or speaks in the clear, is told that it does not answer."""
    settings = load_settings(temporal_address=guarded, **files(keys, *named))
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(connect(settings), 20)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda keys: {"temporal_tls_ca_cert": str(keys / "nowhere.pem")}, "TEMPORAL_TLS_CA_CERT: the file cannot be"),
        (lambda keys: files(keys, "client_key"), "TEMPORAL_TLS_CLIENT_KEY: set TEMPORAL_TLS_CLIENT_CERT and"),
        (lambda keys: files(keys, "client_cert"), "TEMPORAL_TLS_CLIENT_KEY: set TEMPORAL_TLS_CLIENT_CERT and"),
    ],
    ids=["no such file", "a key alone", "a certificate alone"],
)
def test_a_wrong_file_is_named(keys: Path, given: Callable[[Path], dict[str, Any]], told: str) -> None:
    """Who mistypes a path hears which variable is wrong and why, before anything is started."""
    with pytest.raises(WrongSetting, match=told):
        load_settings(**given(keys))


@pytest.mark.parametrize("more", [{}, {"temporal_tls": True}])
async def test_a_key_for_temporal_goes_over_tls_only(more: dict[str, Any]) -> None:
    """Temporal Cloud's API key is given to the client, and never sent in the clear."""
    settings = load_settings(_env_file=None, temporal_address=f"{HERE}:1", temporal_api_key="cloud-key", **more)
    client = await connect(settings, lazy=True)
    assert "cloud-key" == client.service_client.config.api_key
    assert client.service_client.config.tls
