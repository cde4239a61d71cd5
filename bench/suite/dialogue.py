"""One SMTP session of a client with a manner of its own: how patient, how hasty, how odd. For the bench botnet.

Coroutines in place of sluice-load's scripts: CPU is not measured here, and these clients act on what they hear, come
back hours later (so to speak) from another address, and give up at many points.
"""

import asyncio
import dataclasses
import math

MESSAGE = ("From: <{sender}>\r\nTo: <{to}>\r\nSubject: a mail of the bench\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
           "Message-ID: <{sender}>\r\n\r\n" + "a line of it\r\n" * 60 + ".\r\n")


@dataclasses.dataclass(frozen=True)
class Host:
    """A machine, as DNS and its own words present it."""

    address: str
    helo: str
    name: str = ""  # of its PTR record; empty = none
    listed: bool = False


@dataclasses.dataclass(frozen=True)
class Manner:
    patience_s: float = math.inf  # from connecting on; then it is gone, without QUIT
    early: bool = False           # does not wait for the greeting
    blind: bool = False           # the whole session in one write, whatever the replies
    pipelined: bool = False       # MAIL and RCPT in one write, where PIPELINING was offered
    pause_s: float = 0            # before each command
    octets_per_s: float = 0       # of its commands; 0 = at once


@dataclasses.dataclass
class Told:
    """What a client has learnt of a transaction."""

    accepted: list = dataclasses.field(default_factory=list)  # recipients, of a message that was answered 250
    refused: dict = dataclasses.field(default_factory=dict)   # recipient → 5xx reply
    failed: str = ""     # why the rest may be tried again: a 4xx reply, or what became of the connection
    left_at: str = ""    # the step at which its patience was over
    decided: float = 0   # when the message was answered, by the loop's clock
    paused_s: float = 0  # of the client's own making until then


# Whose PROXY header names the address a client comes from: one of loopback would be spared some signals.
BALANCER = "127.0.0.2"

# RFC 5321 4.5.3.2: how long a sender waits for each reply, s.
TIMERS = {"greeting": 300, "EHLO": 300, "MAIL": 300, "RCPT": 300, "DATA": 120, "message": 600, "QUIT": 300}


class _Refused(Exception):
    pass


class Dialogue:
    """`tempo` is how many times faster than in life everything passes: timers, patience and pauses alike."""

    def __init__(self, port, host, manner, tempo):
        self._port, self._host, self._manner, self._tempo = port, host, manner, tempo
        self._step = "connect"
        self._reader = self._writer = None
        self._paused_s = 0

    async def transfer(self, mails):
        """One session with all of `mails`, (sender, recipients) each; Told of each."""
        told = [Told() for _ in mails]
        current = told[0]
        try:
            async with asyncio.timeout(self._scaled(self._manner.patience_s)):
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port,
                                                                              local_addr=(BALANCER, 0))
                self._writer.write(f"PROXY TCP4 {self._host.address} 198.19.255.254 40000 25\r\n".encode())
                if self._manner.blind:
                    await self._rattle_off(mails[0], told[0])
                    return told
                offered = await self._open()
                for current, mail in zip(told, mails):
                    await self._mail(*mail, current, "PIPELINING" in offered)
                await self._ask("QUIT", "QUIT", None)
        except TimeoutError:
            current.left_at = self._step
            current.failed = current.failed or f"{self._step}: patience"
        except _Refused as reply:
            current.failed = str(reply)
        except (OSError, EOFError) as error:
            if self._step != "QUIT":
                current.failed = f"{self._step}: {type(error).__name__}"
        finally:
            if self._writer:
                self._writer.close()
        for one in told:
            one.failed = one.failed or ("" if one.accepted or one.refused else "not reached")
        return told

    def _scaled(self, seconds):
        return None if math.isinf(seconds) else seconds / self._tempo

    async def _open(self):
        if self._manner.early:
            self._writer.write(f"EHLO {self._host.helo}\r\n".encode())
        await self._ask("greeting", "", "220")
        return (await self._ask("EHLO", "" if self._manner.early else f"EHLO {self._host.helo}", "250"))[1]

    async def _mail(self, sender, recipients, told, pipelining):
        commands = [("MAIL", f"MAIL FROM:<{sender}>")] + [("RCPT", f"RCPT TO:<{to}>") for to in recipients]
        grouped = pipelining and self._manner.pipelined
        if grouped:
            await self._write("\r\n".join(command for _, command in commands))
        taken = []
        for to, (step, command) in zip([None, *recipients], commands):
            code, text = await self._ask(step, "" if grouped else command, None)
            if step == "MAIL" and code != "250":
                raise _Refused(f"MAIL: {text}")
            if code == "421":
                raise _Refused(f"RCPT: {text}")
            if step == "RCPT" and code == "250":
                taken.append(to)
            elif step == "RCPT" and code[0] == "5":
                told.refused[to] = text
            elif step == "RCPT":
                told.failed = f"RCPT: {code} {text.split(' ')[0]}"
        if not taken:
            await self._ask("RSET", "RSET", None)
            return
        await self._ask("DATA", "DATA", "354")
        code, text = await self._ask("message", MESSAGE.format(sender=sender, to=taken[0])[:-2], None)
        told.decided, told.paused_s = asyncio.get_running_loop().time(), self._paused_s
        if code[0] == "5":
            told.refused |= {to: text for to in taken}
        elif code == "250":
            told.accepted = taken
        else:
            told.failed = f"message: {code}"

    async def _rattle_off(self, mail, told):
        """A script that never reads. It learns nothing; what became of its message the bench learns for it."""
        sender, recipients = mail
        self._step = "greeting"
        lines = [f"EHLO {self._host.helo}", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{to}>" for to in recipients), "DATA"]
        if not self._manner.early:
            await self._reply()
        message = MESSAGE.format(sender=sender, to=recipients[0])
        self._writer.write(("\r\n".join(lines) + "\r\n" + message + "QUIT\r\n").encode())
        codes = []
        while not codes or codes[-1] != "221":
            codes.append((await self._reply())[0])
            self._step = f"reply {len(codes)}"
        if "354" in codes and codes[codes.index("354") + 1:][:1] == ["250"]:
            told.accepted, told.decided = list(recipients), asyncio.get_running_loop().time()
        else:
            told.failed = " ".join(codes)[:60]

    async def _ask(self, step, line, due):
        """The code and text of the reply; any other than `due` is an end. An empty line: it has been said already."""
        self._step = step
        try:
            async with asyncio.timeout(TIMERS.get(step, 300) / self._tempo) as timer:
                if line:
                    if self._manner.pause_s:
                        await asyncio.sleep(self._manner.pause_s / self._tempo)
                        self._paused_s += self._manner.pause_s / self._tempo
                        timer.reschedule(asyncio.get_running_loop().time() + TIMERS.get(step, 300) / self._tempo)
                    await self._write(line)
                code, text = await self._reply()
        except TimeoutError:
            # A client that plays by the rules has waited as long as these allow.
            raise _Refused(f"{step}: no reply within the timer of RFC 5321") from None
        if due and code != due:
            raise _Refused(f"{step}: {code} {text.splitlines()[0].split(' ')[0]}")
        return code, text

    async def _write(self, line):
        octets = line.encode() + b"\r\n"
        rate = self._manner.octets_per_s * self._tempo
        if not rate:
            self._writer.write(octets)
            return await self._writer.drain()
        for at in range(len(octets)):
            self._writer.write(octets[at:at + 1])
            await asyncio.sleep(1 / rate)

    async def _reply(self):
        lines = []
        while True:
            line = (await self._reader.readuntil(b"\n")).decode(errors="replace").rstrip()
            lines.append(line[4:])
            if line[3:4] != "-":
                return line[:3], "\n".join(lines)
