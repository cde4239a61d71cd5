#!/usr/bin/python3
"""./dev bench NAME [--json] [--quick]: measures Sluice beside its rivals, all in one run on this machine.

How it is fair:

- Everything is on loopback, TCP in the clear, one worker or thread a server. The backend of each is a bare epoll sink
  of ours, and alone it is the floor: the least any server can spend. Backends and the load generator are not counted.
- CPU is what the kernel's scheduler has counted, in ns, for every process of a server (/proc/PID/task/*/schedstat, and
  the ended children of its master). On loopback the kernel does the receiver's TCP work on the sender's time, so a
  server is charged for the octets it sends, and the load for those it receives: alike for all.
- Nothing is pinned to a core. With the server alone on one core of two, the load on the other becomes the bottleneck;
  the cheaper a server is, the more often it sleeps and is woken for one event, and the dearer it looks. Left alone, the
  scheduler treats all alike, and servers of several processes are not squeezed into one core.
- Figures are medians of three or more runs, interleaved among the servers, with the least and the most. They move with
  the machine: compare within one table, and by the ratio to the floor.
- Where CPU is measured the clients are a closed loop of 50 connections; where latency is, an open loop that counts from
  when a mail was due. Each client checks every reply; mails answered 250 are counted against what arrived. Where it is
  said, each connection has another address. Connections are closed in order; only held ones are reset at the end.
"""

import argparse
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from suite import machine, report  # noqa: E402  (its folder is not on the path before)
from suite.benches import BENCHES  # noqa: E402
from suite.processes import BenchError  # noqa: E402
from suite.result import Setting  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[1]


def parse_arguments():
    listing = "\n".join(f"  {name:8} {function.__doc__.splitlines()[0]}" for name, function in BENCHES.items())
    parser = argparse.ArgumentParser(prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog=f"benches:\n{listing}\n  {'all':8} one after the other")
    parser.add_argument("name", choices=[*BENCHES, "all", "help"], metavar="NAME")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON line on stdout, not the table")
    parser.add_argument("--quick", action="store_true", help="fewer units, and without the slowest rivals")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each figure (default %(default)s)")
    parser.add_argument("--also", type=int, action="append", default=[], metavar="SESSIONS",
                        help="hold: this many as well, such as 500000 (9 GiB of memory) or 1000000")
    parser.add_argument("--build", type=pathlib.Path, default=REPO / "build" / "release", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.name == "help":
        parser.print_help()
        sys.exit(0)
    return arguments


def run(name, arguments):
    """Whether it went well: the targets are the reader's to judge, a failed mail is not."""
    facts = machine.describe(REPO)
    setting = Setting(arguments.build.resolve(), arguments.quick, arguments.rounds,
                      lambda line: print(f"bench {name}: {line}", file=sys.stderr, flush=True), arguments.also)
    result = BENCHES[name](setting)
    command = f"`./dev bench {name}{' --quick' if arguments.quick else ''}`"
    what = " ".join(BENCHES[name].__doc__.split())
    text = report.head(name, facts, [f"{what} Made by {command}; docs/performance.md says how."]) + result.text
    # A quick run is for the eye; it does not replace the full one in the repository.
    folder = arguments.build if arguments.quick else REPO / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    for plot, svg in result.plots.items():
        (folder / f"{plot}.svg").write_text(svg)
        text += f"\n![{plot}]({plot}.svg)\n"
    (folder / f"{name}.md").write_text(text)
    if arguments.json:
        print(json.dumps({"bench": name, "quick": arguments.quick, **facts, **result.figures}), flush=True)
    else:
        print(text, flush=True)
    return not result.failed


def main():
    arguments = parse_arguments()
    # So that whatever has been started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    outcomes = []
    for name in BENCHES if arguments.name == "all" else [arguments.name]:
        try:
            outcomes.append(run(name, arguments))
        except BenchError as error:
            print(f"bench {name}: {error}", file=sys.stderr, flush=True)
            outcomes.append(False)
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
