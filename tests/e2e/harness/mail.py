"""Making messages, and telling what a delivery added from what was sent."""

import itertools
import os
import re

_serial = itertools.count(1)

# What an MTA may put on top of a message it delivers.
TRACE_HEADER = re.compile(rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received): .*\n(?:[ \t].*\n)*)*")


def new_token():
    """A word that occurs in no other mail."""
    return f"token-{os.getpid()}-{next(_serial)}-x"


def message(token, body=b"Through the sluice.\r\n", headers=b""):
    """A small message in CRLF form that names the token."""
    head = f"From: <sender@example.org>\r\nTo: <alice@example.test>\r\nSubject: {token}\r\nMessage-ID: <{token}@example.org>\r\n"
    return head.encode() + b"Date: Sat, 21 Nov 2026 00:00:00 +0000\r\n" + headers + b"\r\n" + body


def dotted(content):
    """Message content as DATA sends it: leading dots doubled, the end marked (RFC 5321 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"


def trace_of(delivered, sent):
    """The trace headers that stand before `sent` (with CRLF) in what was delivered (with LF).

    Fails unless the rest is byte-identical.
    """
    original = sent.replace(b"\r\n", b"\n")
    assert delivered.endswith(original), difference(delivered, original)
    trace = delivered[: len(delivered) - len(original)]
    assert TRACE_HEADER.fullmatch(trace), f"not trace headers: {trace!r}"
    return trace.decode()


def difference(delivered, original):
    """Returns the place at which the two begin to differ, counted from the end."""
    common = len(os.path.commonprefix([delivered[::-1], original[::-1]]))
    return (
        f"the last {common} octets are the same; before them {delivered[-common - 60:len(delivered) - common]!r} "
        f"was delivered and {original[-common - 60:len(original) - common]!r} sent"
    )
