"""A FastAGI server of a bench, alone in its process: ours, or stock panoramisk's.

``python -m bench._agi_peer ours|stock SECRET COMMANDS`` prints the port it listens on; each line on standard input is
answered with the CPU seconds that the process has used so far.
"""

import asyncio
import sys
import time


async def ours(secret: str, commands: int) -> int:
    """Start our server; return its port."""
    from ivr.agi.server import AgiServer
    from ivr.agi.session import AgiSession

    async def call(session: AgiSession) -> None:
        for number in range(commands):
            await session.set_variable("HYDROPHONE_BENCH", str(number))

    server = AgiServer({"hotline": call}, secret=secret, allow=("127.0.0.1",))
    return await server.start("127.0.0.1", 0)


async def stock(_secret: str, commands: int) -> int:
    """Start panoramisk's server; return its port."""
    from panoramisk import fast_agi

    async def call(request: fast_agi.Request) -> None:
        for number in range(commands):
            await request.send_command(f'SET VARIABLE HYDROPHONE_BENCH "{number}"')

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("hotline", call)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


async def main(kind: str, secret: str, commands: int) -> None:
    """Serve, and answer each line with the CPU used."""
    port = await (ours if kind == "ours" else stock)(secret, commands)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(f"{time.process_time()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
