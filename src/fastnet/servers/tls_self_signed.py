"""A certificate that nobody vouches for, made when the server starts, for development: by cryptography or openssl."""

from __future__ import annotations

import datetime
import importlib.util
import ipaddress
import os
import shutil
import subprocess
from pathlib import Path

from fastnet.errors import StartupError

_DAYS = 30
_OPENSSL_S = 30.0


def make_self_signed(folder: str, names: list[str]) -> tuple[str, str]:
    """Files in `folder` with a certificate for these hosts and addresses, and its key. Raises StartupError."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if importlib.util.find_spec("cryptography") is not None:
        by_cryptography(cert, key, names)
    elif shutil.which("openssl"):
        by_openssl(cert, key, names)
    else:
        raise StartupError("--tls-self-signed needs the package cryptography, or the command openssl; neither is there")
    return cert, key


def by_openssl(cert: str, key: str, names: list[str]) -> None:
    """Raises StartupError."""
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", key, "-out", cert, "-days", str(_DAYS), "-subj", f"/CN={names[0]}"]
    command += ["-addext", f"subjectAltName={alternatives}"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=_OPENSSL_S, check=False)
    if made.returncode:
        raise StartupError("openssl could not make a certificate", made.stderr)


def by_cryptography(cert: str, key: str, names: list[str]) -> None:
    """The package must be installed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(each)) if _is_address(each) else x509.DNSName(each) for each in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(private, hashes.SHA256())
    )
    Path(cert).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    Path(key).write_bytes(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
