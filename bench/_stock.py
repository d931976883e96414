"""Stock panoramisk at work, in a process where nothing but it can be imported: ``python -I -S _stock.py FOLDER``.

``FOLDER`` holds panoramisk alone. On standard input come the reads, each with its length in front (8 bytes); then one
line per round; the answer is a line with the events handled and the CPU seconds that took. Its handler is a function,
registered once for all events: the fastest way it has.
"""

import asyncio
import sys
import time

sys.path.append(sys.argv[1])

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager


def round_of(reads: list[bytes]) -> tuple[int, float]:
    """Handle all reads; return how many events that were and the CPU seconds."""
    handled = 0

    def handler(_manager: object, _event: object) -> None:
        nonlocal handled
        handled += 1

    manager = Manager(encoding="utf8")
    manager.register_event("*", handler)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = manager
    protocol.encoding = "utf8"
    began = time.process_time()
    for read in reads:
        protocol.data_received(read)
    return handled, time.process_time() - began


def main() -> None:
    """Take the reads, then do a round for each line."""
    stdin = sys.stdin.buffer
    reads = [stdin.read(int.from_bytes(stdin.read(8), "big")) for _ in range(int(stdin.readline()))]
    asyncio.set_event_loop(asyncio.new_event_loop())
    while stdin.readline():
        handled, cpu_s = round_of(reads)
        sys.stdout.write(f"{handled} {cpu_s}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
