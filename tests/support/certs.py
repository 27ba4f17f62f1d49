"""A certificate authority of the test run, and contexts made from it."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files as server programs and `SSL_CERT_FILE` want them."""

    ca: Path
    chain: Path
    key: Path


class Authority:
    """One certificate authority; leaf certificates are issued once per set of names."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.issue = functools.cache(self._issue)

    def _issue(self, *names: str) -> trustme.LeafCert:
        return self.ca.issue_cert(*names)

    def server_context(self, *names: str, alpn: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
        """Return a context for a server that answers to `names` (loopback names when none are given)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.issue(*(names or LOCAL_NAMES)).configure_cert(context)
        context.set_alpn_protocols(list(alpn))
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a verifying client context that trusts this authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        return context

    def write(self, directory: Path, *names: str) -> CertificateFiles:
        """Write the authority's certificate and a leaf for `names` into `directory`."""
        leaf = self.issue(*(names or LOCAL_NAMES))
        files = CertificateFiles(directory / "ca.pem", directory / "chain.pem", directory / "key.pem")
        self.ca.cert_pem.write_to_path(str(files.ca))
        leaf.private_key_pem.write_to_path(str(files.key))
        for position, blob in enumerate(leaf.cert_chain_pems):
            blob.write_to_path(str(files.chain), append=position > 0)
        return files


@functools.cache
def authority() -> Authority:
    """Return the one authority of this test run."""
    return Authority()
