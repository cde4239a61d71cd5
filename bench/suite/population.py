"""Who writes to us in the bench botnet: good senders and bots, class by class, drawn from a seed.

No census of spammers is behind the numbers: they are assumptions, made before anything was measured, and all of them
are in this file. Bots on customers' machines ("zombies") are drawn alike in every class: see _zombie().
"""

import dataclasses
import random

from suite.dialogue import Host, Manner

OUR_NAME = "mx.bench.test"
TRAP = "trap@bench.test"
PATIENCE_S = (21, 30, 100)  # when bots leave who are made to wait: spikes seen by servers that trickle


@dataclasses.dataclass
class Sender:
    """One who sends: his machines, in turn, and what he sends. A mail is (sender, recipients)."""

    hosts: list
    manner: Manner
    mails: list                     # sessions, each a list of mails
    attempts: int = 1               # of a session, where it is put off; a queue of an MTA has many
    at_once: int = 1                # sessions


@dataclasses.dataclass
class Class:
    name: str
    good: bool
    what: str
    senders: list = dataclasses.field(default_factory=list)

    def has_queue(self):
        return any(sender.attempts > 1 for sender in self.senders)


class Population:
    """`classes`, and the DNS records that go with them. Bigger and smaller by `scale`; the shares stay."""

    def __init__(self, seed, scale=1.0):
        self._random = random.Random(seed)
        self._scale = scale
        self._networks = iter(f"198.19.{n}" for n in range(255))
        self._customers = [f"198.18.{n}" for n in range(round(256 * min(scale, 1)))]
        self._room = {}  # network → addresses left
        self.classes = [*self._good_classes(), *self._bot_classes()]

    def hosts(self):
        return {host.address: host for one in self.classes for sender in one.senders for host in sender.hosts}

    def dns(self, zone):
        """Local data for unbound: names and addresses, domains that bots take in vain, and the DNS blocklist."""
        lines = ['local-zone: "." static', 'local-data: "real.example. MX 10 mx.real.example."']
        for address, host in self.hosts().items():
            if host.name:
                lines += [f'local-data: "{host.name}. A {address}"', f'local-data-ptr: "{address} {host.name}"']
            if host.listed:
                reverse = ".".join(reversed(address.split(".")))
                lines.append(f'local-data: "{reverse}.{zone}. A 127.0.0.2"')
        return lines

    # ---- good senders --------------------------------------------------------------------------------------------

    def _good_classes(self):
        queue = {"attempts": 12}
        mta = Class("MTA", True, "a host of its own, good names, half of them pipelining; a sixth of the mails are bounces")
        for n in range(self._count(60)):
            host = self._server(f"mail.org{n}.example")
            mta.senders.append(Sender([host], Manner(pipelined=n % 2 == 0), self._letters(3, f"org{n}.example"), **queue))
        slow = Class("slow MTA", True, "a busy one, 3 s before each command")
        for n in range(self._count(10)):
            slow.senders.append(Sender([self._server(f"mail.busy{n}.example")], Manner(pause_s=3),
                                       self._letters(2, f"busy{n}.example"), **queue))
        pool = Class("rotating pool", True, "24 machines in three networks; each attempt comes from another")
        for n in range(3):
            networks = [self._network() for _ in range(3)]
            hosts = [self._server(f"out-{k}.pool{n}.example", networks[k % 3]) for k in range(24)]
            letters = self._letters(self._count(30), f"user.pool{n}.example")
            pool.senders.append(Sender(hosts, Manner(pipelined=True), letters, **queue))
        lists = Class("mailing list", True, "40 subscribers a message, one of them gone, two messages a session, five at once")
        for n in range(2):
            lists.senders.append(Sender([self._server(f"lists{n}.example")], Manner(pipelined=True),
                                        self._posts(5, f"lists{n}.example", gone=1), at_once=5, **queue))
        stale = Class("stale list", True, "the same with six subscribers of forty gone")
        stale.senders.append(Sender([self._server("news.old.example")], Manner(pipelined=True),
                                    self._posts(4, "old.example", gone=6), at_once=4, **queue))
        bare = Class("misconfigured", True, "no PTR record, a single word as HELO")
        for n in range(self._count(10)):
            host = Host(self._address(), f"SERVER{n}")
            bare.senders.append(Sender([host], Manner(), self._letters(3, f"shop{n}.example"), **queue))
        office = Class("office on a customer's line", True, "a dynamic-looking name, a HELO name that DNS does not know")
        for n in range(self._count(6)):
            address = self._address()
            host = Host(address, f"mail{n}.office.local", self._dynamic_name(address))
            office.senders.append(Sender([host], Manner(), self._letters(3, f"office{n}.example"), **queue))
        listed = Class("misconfigured and listed", True, "no PTR record, a single word as HELO, in the blocklist by mistake")
        for n in range(self._count(4)):
            host = Host(self._address(), f"MAIL{n}", listed=True)
            listed.senders.append(Sender([host], Manner(), self._letters(2, f"victim{n}.example"), **queue))
        self._snow = [self._network() for _ in range(2)]
        near = Class("neighbour of bots", True, "an MTA in a network of the snowshoe spammer")
        for n in range(self._count(6)):
            near.senders.append(Sender([self._server(f"mail.near{n}.example", self._snow[n % 2])], Manner(pipelined=True),
                                       self._letters(3, f"near{n}.example"), **queue))
        return [mta, slow, pool, lists, stale, bare, office, listed, near]

    def _letters(self, count, domain):
        """So many sessions of one mail; a sixth are bounces."""
        return [[("" if self._random.random() < 1 / 6 else f"user{n}@{domain}", [self._someone()])] for n in range(count)]

    def _posts(self, sessions, domain, gone):
        subscribers = [self._someone() for _ in range(40 - gone)] + [f"unknown-{domain}-{n}@bench.test" for n in range(gone)]
        return [[(f"list-bounces+{n}-{k}@{domain}", subscribers) for k in range(2)] for n in range(sessions)]

    # ---- bots ----------------------------------------------------------------------------------------------------

    def _bot_classes(self):
        return [
            self._bots("impatient", 200, 2, "leaves after 21, 30 or 100 s", lambda: {"manner": self._impatient()}),
            self._bots("early talker", 60, 2, "speaks before the greeting is over",
                       lambda: {"manner": self._impatient(early=True)}),
            self._bots("blind", 60, 2, "the whole session in one write after the greeting, never reads",
                       lambda: {"manner": self._impatient(blind=True)}),
            self._bots("our name", 60, 2, "says our own name in HELO",
                       lambda: {"manner": self._impatient(), "helo": OUR_NAME}),
            self._bots("harvester", 40, 2, "guesses at 20 recipients, and spams those that exist",
                       lambda: {"manner": self._impatient(), "recipients": self._guesses}),
            self._bots("old address book", 60, 2, "five recipients a mail, one of them a trap",
                       lambda: {"manner": self._impatient(), "recipients": self._with_trap}),
            self._bots("patient", 100, 2, "waits as the RFC has it, but has no queue", lambda: {"manner": Manner()}),
            self._bots("patient with a queue", 20, 2, "the same, and comes again when it is put off",
                       lambda: {"manner": Manner(), "attempts": 12}),
            self._bots("hit-and-run", 200, 1, "one hasty session of each address, never seen again",
                       lambda: {"manner": self._impatient(pipelined=True)}),
            self._bots("slow-loris", 40, 1, "an octet of a command every two seconds",
                       lambda: {"manner": Manner(octets_per_s=0.5)}),
            self._snowshoe(),
            self._mimics(),
        ]

    def _impatient(self, **more):
        return Manner(patience_s=self._random.choice(PATIENCE_S), **more)

    def _bots(self, name, count, sessions, what, draw):
        made = Class(name, False, what)
        for _ in range(self._count(count)):
            drawn = draw()
            host = self._zombie()
            if "helo" in drawn:
                host = dataclasses.replace(host, helo=drawn.pop("helo"))
            recipients = drawn.pop("recipients", lambda: [self._someone()])
            mails = [[(self._forged(), recipients())] for _ in range(sessions)]
            made.senders.append(Sender([host], mails=mails, **drawn))
        return made

    def _zombie(self):
        """One of a few customers' machines in a network: 60 % are in the blocklist, seven of ten have a telling name."""
        address = self._address(self._random.choice(self._customers))
        name = self._random.choices([self._dynamic_name(address), "", f"host{self._random.randrange(10**6)}.isp.example"],
                                    [70, 20, 10])[0]
        helo = self._random.choices([name or f"[{address}]", f"pc-{self._random.randrange(10**4)}",
                                     f"x{self._random.randrange(10**8)}.example", "real.example"], [40, 25, 20, 15])[0]
        return Host(address, helo, name, listed=self._random.random() < 0.6)

    def _snowshoe(self):
        made = Class("snowshoe", False, "60 addresses in each of two networks with good names and queues, a mail of each")
        for network in self._snow:
            for n in range(self._count(60)):
                name = f"m{n}.{network.replace('.', '-')}.offers.example"
                host = Host(self._address(network), name, name, listed=self._random.random() < 0.6)
                to = self._with_trap() if self._random.random() < 0.1 else [self._someone()]
                made.senders.append(Sender([host], Manner(pipelined=True), [[(f"news@{name}", to)]], attempts=12))
        return made

    def _mimics(self):
        made = Class("mimic", False, "a good host whose account was stolen: an MTA in everything but what it says")
        for n in range(self._count(6)):
            made.senders.append(Sender([self._server(f"mail.stolen{n}.example")], Manner(pipelined=True),
                                       [[(f"user@stolen{n}.example", [self._someone()])] for _ in range(2)], attempts=12))
        return made

    # ---- what they are drawn from --------------------------------------------------------------------------------

    def _count(self, full):
        return max(1, round(full * self._scale))

    def _network(self):
        return next(self._networks)

    def _address(self, network=None):
        """A new one; of a network that others share, or of one of its own."""
        network = network or self._network()
        room = self._room.setdefault(network, self._random.sample(range(1, 255), 254))
        return f"{network}.{room.pop()}"

    def _server(self, name, network=None):
        return Host(self._address(network), name, name)

    def _dynamic_name(self, address):
        return f"{address.replace('.', '-')}.dyn.isp.example"

    def _someone(self):
        return f"user{self._random.randrange(500)}@bench.test"

    def _forged(self):
        return f"{self._random.randrange(10**8)}@forged{self._random.randrange(200)}.example"

    def _guesses(self):
        return [f"unknown{self._random.randrange(10**9)}@bench.test" for _ in range(19)] + [self._someone()]

    def _with_trap(self):
        to = [self._someone() for _ in range(4)] + [TRAP]
        self._random.shuffle(to)
        return to
