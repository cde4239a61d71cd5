"""Self-signed certificates, each its own authority, made by openssl(1)."""

import dataclasses
import hashlib
import pathlib
import subprocess


@dataclasses.dataclass
class Certificate:
    """PEM files: the certificate, and the key and then the certificate (as `tls.chain_files` wants it)."""

    certificate: str
    chain: str

    def fingerprint(self):
        """As `openssl x509 -fingerprint -sha256` prints it: with colons."""
        done = subprocess.run(
            ["openssl", "x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip().partition("=")[2]

    def key_digest(self):
        """SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal."""
        key = subprocess.run(
            ["openssl", "x509", "-in", self.certificate, "-noout", "-pubkey"], check=True, capture_output=True
        )
        done = subprocess.run(
            ["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, check=True, capture_output=True
        )
        return hashlib.sha256(done.stdout).hexdigest()


def make_certificate(directory, name, names):
    """For `names` ("DNS:mx.example.test,DNS:*.example.com"), valid for two days."""
    key, certificate, chain = (pathlib.Path(directory) / f"{name}.{kind}" for kind in ("key", "crt", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    chain.write_bytes(key.read_bytes() + certificate.read_bytes())
    return Certificate(str(certificate), str(chain))
