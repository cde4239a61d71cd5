#!/usr/bin/env python3
"""How the kernel's receive window behaves when a session is slowed down after accept(), and widened again.

docs/adr/0002-window-of-the-slow-lane.md rests on its output. Needs root, /dev/net/tun and iproute2; touches nothing
outside network namespaces of its own: two of them, joined by two tun devices and a process that carries packets
between them after half the round trip (many kernels have no netem).

    bench/window_probe.py [--rtt-ms 50] [--seconds 170]

For each way to set up the buffers: `pushed`, what a client that never stops sending has got acknowledged 3 s after
accept() although nobody reads; `drip`, segments sent again in the 3 s after 300 writes of 20 octets; `block`, the seconds until 16 KiB written at once are acknowledged while 110 octets are
read each second; `gap`, the longest time in between without progress; `retr`, segments sent again; `wide`, MB/s once
the session is widened and read as fast as possible.
"""

import argparse
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field

CLONE_NEWNET = 0x40000000
TCP_WINDOW_CLAMP = 10
SO_BUF_LOCK = 72
SOCK_RCVBUF_LOCK = 2
SIOCOUTQ = 0x5411
MTU = 1500
libc = ctypes.CDLL(None, use_errno=True)


def new_namespace(address):
    """A network namespace with one tun device; returns (namespace, tun) descriptors."""
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"probe", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
    for command in ("link set lo up", f"addr add {address}/24 dev probe", f"link set probe mtu {MTU} up",
                    "link set probe txqueuelen 10000"):
        subprocess.run(["ip", *command.split()], check=True)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY), tun


def carry(tuns, delay):
    """Moves packets between the two devices, each `delay` seconds late; for ever."""
    queues = {tuns[0]: deque(), tuns[1]: deque()}
    other = {tuns[0]: tuns[1], tuns[1]: tuns[0]}
    for tun in tuns:
        os.set_blocking(tun, False)
    while True:
        now = time.monotonic()
        due = [queue[0][0] - now for queue in queues.values() if queue]
        ready, _, _ = select.select(tuns, [], [], max(0, min(due, default=1)))
        now = time.monotonic()
        for tun in ready:
            try:
                while True:
                    queues[other[tun]].append((now + delay, os.read(tun, 65536)))
            except BlockingIOError:
                pass
        for tun, queue in queues.items():
            while queue and queue[0][0] <= now:
                os.write(tun, queue.popleft()[1])


@dataclass
class Way:
    name: str
    listener: int = 0      # SO_RCVBUF of the listening socket
    buffer: int = 0        # SO_RCVBUF after accept
    clamp: int = 0         # TCP_WINDOW_CLAMP after accept
    wide_buffer: int = 0   # SO_RCVBUF when widened
    scale_for: int = 0     # TCP_WINDOW_CLAMP of the listening socket: the window that scaling is settled for
    scaled: bool = False   # the listener's buffer is set, but the kernel's to tune: locked after accept until widened
    results: dict = field(default_factory=dict)


WAYS = [
    Way("untouched"),
    Way("kernel's; clamp 4k", clamp=4096),
    Way("kernel's; buffer+clamp 4k", buffer=4096, clamp=4096, wide_buffer=262144),
    Way("listen 2k", listener=2048, wide_buffer=262144),
    Way("listen 4k", listener=4096, wide_buffer=262144),
    Way("listen 4k, scaled", listener=4096, scaled=True, wide_buffer=262144),
    Way("listen 4k, scaled for 1M", listener=4096, scaled=True, scale_for=1 << 20, wide_buffer=262144),
    Way("listen 4k, scaled for 2M", listener=4096, scaled=True, scale_for=2 << 20, wide_buffer=262144),
    Way("listen 2k, scaled for 1M", listener=2048, scaled=True, scale_for=1 << 20, wide_buffer=262144),
    Way("listen 3k, scaled for 1M", listener=3072, scaled=True, scale_for=1 << 20, wide_buffer=262144),
    Way("listen 4k; clamp 1k", listener=4096, clamp=1024, wide_buffer=262144),
    Way("listen 8k; clamp 2k", listener=8192, clamp=2048, wide_buffer=262144),
    Way("listen 16k; clamp 4k", listener=16384, clamp=4096, wide_buffer=262144),
    Way("listen 64k; clamp 4k", listener=65536, clamp=4096, wide_buffer=262144),
    Way("listen 256k; clamp 4k", listener=262144, clamp=4096),
]


class Probe:
    def __init__(self, server_namespace, client_namespace, address):
        self.server_namespace, self.client_namespace, self.address = server_namespace, client_namespace, address

    def socket_in(self, namespace):
        libc.setns(namespace, CLONE_NEWNET)
        return socket.socket()

    def connect(self, way):
        listener = self.socket_in(self.server_namespace)
        if way.listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, way.listener)
        if way.scaled:
            listener.setsockopt(socket.SOL_SOCKET, SO_BUF_LOCK, 0)
        if way.scale_for:
            listener.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, way.scale_for)
        listener.bind((self.address, 0))
        listener.listen()
        client = self.socket_in(self.client_namespace)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        if way.scaled:
            server.setsockopt(socket.SOL_SOCKET, SO_BUF_LOCK, SOCK_RCVBUF_LOCK)
        if way.buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, way.buffer)
        if way.clamp:
            server.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, way.clamp)
        return client, server

    def push(self, way):
        client, server = self.connect(way)
        client.setblocking(False)
        written = client.send(bytes(1 << 20))
        time.sleep(3)
        way.results["pushed"] = written - outstanding(client)
        return client, server

    def drip(self, way):
        client, server = self.connect(way)
        for _ in range(300):
            client.send(bytes(20))
        time.sleep(3)
        way.results["drip"] = retransmitted(client)
        return client, server

    def block(self, way, seconds):
        """One send block of 16 KiB against the floor of DATA."""
        client, server = self.connect(way)
        server.setblocking(False)
        client.sendall(bytes(16384))
        start = last_progress = time.monotonic()
        left, gap, next_read = 16384, 0.0, start
        while left and time.monotonic() - start < seconds:
            now = time.monotonic()
            if now >= next_read:
                next_read += 1
                try:
                    server.recv(110)
                except BlockingIOError:
                    pass
            before, left = left, outstanding(client)
            if left != before:
                gap, last_progress = max(gap, now - last_progress), now
            time.sleep(0.02)
        way.results["gap"] = max(gap, time.monotonic() - last_progress if left else 0)
        way.results["block"] = time.monotonic() - start if not left else None
        way.results["retr"] = retransmitted(client)
        return client, server

    def widen(self, way):
        client, server = self.block(way, 1.5)
        way.results.pop("block")
        server.settimeout(10)
        if way.wide_buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, way.wide_buffer)
        if way.scaled:
            server.setsockopt(socket.SOL_SOCKET, SO_BUF_LOCK, 0)
        if way.clamp or way.listener:
            server.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, 1 << 30)
        # The first second opens the window and the congestion window, the next two count.
        finish = time.monotonic() + 3
        def send():
            try:
                while time.monotonic() < finish:
                    client.sendall(bytes(65536))
            except OSError:
                pass
        sender = threading.Thread(target=send)
        sender.start()
        counted = 0
        try:
            while (now := time.monotonic()) < finish:
                got = len(server.recv(1 << 20))
                if now > finish - 2:
                    counted += got
        except TimeoutError:
            pass  # stalled in retransmission: what was counted shows it
        server.close()
        sender.join()
        way.results["wide"] = counted / 2 / 1e6


def outstanding(sock):
    return struct.unpack("i", fcntl.ioctl(sock, SIOCOUTQ, bytes(4)))[0]


def retransmitted(sock):
    """tcpi_total_retrans"""
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), 100)[0]


def shown(value):
    return "never" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def pace(probe, ways, seconds):
    def run(way):
        way.results["kept open"] = [probe.push(way), probe.drip(way), probe.block(way, seconds)]
    return [threading.Thread(target=run, args=(way,)) for way in ways]


COLUMNS = (("pushed", 9), ("drip", 6), ("block", 8), ("gap", 8), ("retr", 6), ("wide", 9))


def report(title, ways, columns):
    print(f"\n{title:28}" + "".join(f"{name:>{width}}" for name, width in columns))
    for way in ways:
        print(f"{way.name:28}" + "".join(f"{shown(way.results[name]):>{width}}" for name, width in columns), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtt-ms", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=170, help="how long to wait for the block of 16 KiB")
    arguments = parser.parse_args()
    server, server_tun = new_namespace("10.99.0.1")
    client, client_tun = new_namespace("10.99.0.2")
    carrier = os.fork()
    if carrier == 0:
        carry((server_tun, client_tun), arguments.rtt_ms / 2000)
    try:
        runs = [("loopback", Probe(server, server, "127.0.0.1")),
                (f"{arguments.rtt_ms:g} ms round trip", Probe(server, client, "10.99.0.1"))]
        runs = [(*run, [Way(**settings(way)) for way in WAYS]) for run in runs]
        threads = [thread for _, probe, ways in runs for thread in pace(probe, ways, arguments.seconds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for title, _, ways in runs:
            report(title, ways, COLUMNS[:-1])
        for title, probe, ways in runs:
            for way in ways:
                probe.widen(way)
            report(title, ways, COLUMNS[-1:])
    finally:
        os.kill(carrier, 15)


def settings(way):
    return {name: getattr(way, name) for name in ("name", "listener", "buffer", "clamp", "wide_buffer", "scaled", "scale_for")}


if __name__ == "__main__":
    main()
