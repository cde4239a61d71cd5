"""A population writes to a server, for so long: what became of every mail and every session of it."""

import asyncio
import dataclasses
import random

from suite.dialogue import Dialogue

RETRY_S = (3, 10)  # between the attempts of a queue; in life some fifty times as long


@dataclasses.dataclass
class Outcomes:
    """Of one class."""

    mails: int = 0           # that were to be sent
    accepted: int = 0        # by all recipients that exist
    refused: list = dataclasses.field(default_factory=list)  # 5xx to somebody who exists
    unfinished: list = dataclasses.field(default_factory=list)  # given up, or under way at the end: the last reason
    delays_s: list = dataclasses.field(default_factory=list)  # (from the first attempt to the 250, or so far; addresses tried)
    delivered: int = 0       # messages answered 250
    sessions: int = 0        # connections, in all attempts
    delivering: int = 0      # of these, with a message accepted
    held: int = 0            # still open at the end
    ends: dict = dataclasses.field(default_factory=dict)  # how sessions that delivered nothing ended

    def gone_share(self):
        return 1 - self.delivering / self.sessions if self.sessions else None


class Campaign:
    """`outcomes`: name of a class → Outcomes."""

    def __init__(self, population, port, *, seed, tempo, arrivals_s, end_s):
        self._population, self._port, self._tempo = population, port, tempo
        self._random = random.Random(seed)
        self._arrivals_s, self._end_s = arrivals_s, end_s
        self.outcomes = {one.name: Outcomes() for one in population.classes}

    async def run(self):
        tasks = []
        for one in self._population.classes:
            for sender in one.senders:
                turn = asyncio.Semaphore(sender.at_once)
                for mails in sender.mails:
                    start_s = self._random.uniform(0, self._arrivals_s)
                    draws = random.Random(self._random.random())
                    tasks.append(asyncio.create_task(
                        self._send(self.outcomes[one.name], sender, mails, start_s, turn, draws)))
        _, late = await asyncio.wait(tasks, timeout=self._end_s)
        for task in late:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _send(self, outcomes, sender, mails, start_s, turn, draws):
        outcomes.mails += len(mails)
        try:
            await asyncio.sleep(start_s)
            await turn.acquire()
        except asyncio.CancelledError:
            outcomes.unfinished += ["waits for its turn"] * len(mails)
            return
        try:
            begun = asyncio.get_running_loop().time()
            waiting = list(mails)
            machine, paused_s, reason, tried = draws.randrange(len(sender.hosts)), 0, "nothing", []
            try:
                for attempt in range(sender.attempts):
                    if attempt:
                        await asyncio.sleep(draws.uniform(*RETRY_S))
                    host = sender.hosts[(machine + attempt) % len(sender.hosts)]
                    tried.append(host.address)
                    told = await self._session(outcomes, host, sender.manner, waiting)
                    waiting = self._settle(outcomes, tried, begun + paused_s, waiting, told)
                    paused_s += max(one.paused_s for one in told)
                    reason = next((one.failed for one in told if one.failed), "")
                    if not waiting:
                        return
            except asyncio.CancelledError:
                reason = f"under way at the end, after {reason}"
            outcomes.unfinished += [reason] * len(waiting)
            outcomes.delays_s += [(asyncio.get_running_loop().time() - begun - paused_s, tried)] * len(waiting)
        finally:
            turn.release()

    async def _session(self, outcomes, host, manner, mails):
        outcomes.sessions += 1
        try:
            told = await Dialogue(self._port, host, manner, self._tempo).transfer(mails)
        except asyncio.CancelledError:
            outcomes.held += 1
            raise
        outcomes.delivered += sum(bool(one.accepted) for one in told)
        if any(one.accepted for one in told):
            outcomes.delivering += 1
        else:
            end = next((one.failed for one in told if one.failed), "refused")
            outcomes.ends[end] = outcomes.ends.get(end, 0) + 1
        return told

    def _settle(self, outcomes, tried, begun, mails, told):
        """The mails, and of these the recipients, that are to be tried again."""
        again = []
        for (sender, recipients), one in zip(mails, told):
            refused = [text for to, text in one.refused.items() if not to.startswith("unknown")]
            outcomes.refused += refused
            left = [to for to in recipients if to not in one.accepted and to not in one.refused]
            if left:
                again.append((sender, left))
            elif not refused:
                outcomes.accepted += 1
                decided = one.decided or asyncio.get_running_loop().time()
                outcomes.delays_s.append((decided - begun - one.paused_s, list(tried)))
        return again
