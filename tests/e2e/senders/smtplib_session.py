#!/usr/bin/python3
"""Python's smtplib, all mails over one connection."""

import os
import smtplib
import sys

session = smtplib.SMTP("127.0.0.1", int(os.environ["PORT"]), local_hostname="smtplib.example.org")
if os.environ["TLS"]:
    session.starttls()
for path in sys.argv[1:]:
    with open(path) as mail:
        refused = session.sendmail(os.environ["FROM"], os.environ["TO"].split(), mail.read())
    assert refused == {}, refused
code, text = session.quit()
assert code == 221, text
