"""A name server that errs as a test tells it to: what no real one can be asked to do."""

import contextlib
import socket
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SLOW_S = 1.5  # later than what Sluice calls slow
RCODES = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED, "absent": dns.rcode.NXDOMAIN}
ADDRESSES = {"lists_everything": "127.0.0.2", "refuses_us": "127.255.255.254", "taken_over": "203.0.113.7"}


class ScriptedDns:
    """`faults`: a zone -> what becomes of questions about names in it. Others do not exist. A context manager.

    - "listing": each name has the address 127.0.0.2, but that of 127.0.0.1 in a list; so it is, if it is answered at
      all, with "slow", "truncated" (the answer comes by TCP) and "truncated_only" (it does not come by TCP either).
    - "lists_everything", "refuses_us", "taken_over": each name has that address.
    - "servfail", "refused", "absent": that code. "lame": a referral. "malformed": half a message. "silent": nothing.
    """

    def __init__(self, faults):
        self.faults = faults
        self.asked = []  # the questions, as text

    def __enter__(self):
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            with contextlib.suppress(OSError):
                self.tcp.bind(self.udp.getsockname())
                break
            self.__exit__()
        self.tcp.listen(16)
        self.address = "127.0.0.1:{1}".format(*self.udp.getsockname())
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.udp.close()
        self.tcp.close()

    def _serve_udp(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                packet, client = self.udp.recvfrom(4096)
                threading.Thread(target=self._answer_udp, args=(packet, client), daemon=True).start()

    def _answer_udp(self, packet, client):
        reply = self._reply(dns.message.from_wire(packet), tcp=False)
        if reply:
            with contextlib.suppress(OSError):
                self.udp.sendto(reply, client)

    def _serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                with connection, contextlib.suppress(OSError):
                    length = int.from_bytes(connection.recv(2), "big")
                    reply = self._reply(dns.message.from_wire(connection.recv(length)), tcp=True)
                    if reply:
                        connection.sendall(len(reply).to_bytes(2, "big") + reply)

    def _zone(self, name):
        zones = [zone for zone in self.faults if name == zone or name.endswith("." + zone)]
        return max(zones, key=len, default=None)

    def _reply(self, query, tcp):
        """The octets of an answer; None = there is none."""
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(query.question[0].to_text())
        zone = self._zone(name)
        fault = self.faults.get(zone, "absent")
        reply = dns.message.make_response(query, recursion_available=True)
        if fault == "silent" or (fault == "truncated_only" and tcp):
            return None
        if fault == "malformed":
            return reply.to_wire()[:14]
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault in RCODES:
            reply.set_rcode(RCODES[fault])
        elif fault == "lame":
            reply.flags &= ~dns.flags.RA
            reply.authority.append(dns.rrset.from_text(f"{zone}.", 60, "IN", "NS", "ns.elsewhere.example."))
        elif fault.startswith("truncated") and not tcp:
            reply.flags |= dns.flags.TC
        elif fault in ADDRESSES or not name.startswith("1.0.0.127."):
            address = ADDRESSES.get(fault, "127.0.0.2")
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()
