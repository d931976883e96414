"""The AMI link: gone for a while, half open, flooded, garbled, lied to, refused."""

import asyncio
import itertools
import signal
import time
from collections.abc import Iterator

from bench.drill.drill import NotReachedError, Run, screen_is_true
from bench.drill.people import Placed, Wish
from bench.drill.proxy import END

TRUE_S = 3.0
HALF_OPEN_S = 12.0
FLOOD_PER_S = 10_000
LAG_S = 1.0
BACK_S = 10.0
"""The longest pause between two tries to connect is 5 s; then comes a login and a snapshot."""
_BLOB = 500


async def gap(run: Run) -> None:
    """A minute without AMI in which calls are answered, transferred and ended, and both sides live on."""
    install, phones = run.install, run.install.phones
    people = await run.talking(run.size(30, 10))
    install.ami_proxy.refuses = True
    install.ami_proxy.cut()
    begun = time.monotonic()
    await _transfer(run, run.size(4, 2))
    for leg in phones.talking()[: run.size(10, 3)]:
        await phones.hang_up(leg)
    await install.crowd.send_home(install.crowd.up()[: run.size(5, 2)])
    phones.talk_s = lambda _leg: 2.0
    fresh = await install.crowd.arrive([Wish.PERSON, Wish.PERSON, Wish.MENU] * run.size(5, 2), per_s=2)
    await asyncio.sleep(max(0.0, run.size(60, 10) - (time.monotonic() - begun)))
    install.ami_proxy.refuses = False
    tries = len(install.ami_proxy.opened)

    async def tried() -> bool:
        return len(install.ami_proxy.opened) > tries

    await run.reached(tried, "the next try to connect")
    logged_in = install.ami_proxy.opened[-1]
    await run.reached(lambda: screen_is_true(install), "the screens are true again")
    run.within(time.time() - logged_in, TRUE_S, "screens equal the truth after the login")
    await install.crowd.send_home([one for one in fresh if one.wish is Wish.MENU])
    await run.serve([*people, *fresh])


async def _transfer(run: Run, count: int) -> None:
    """Send callers who talk to the queue again, past the daemon."""
    ami = run.install.ami
    shown = await ami.ask("CoreShowChannels", ends="CoreShowChannelsComplete")
    talking = [f["Channel"] for f in shown if f.get("Application") == "Queue" and f.get("BridgeId")]
    for channel in talking[:count]:
        await ami.ask("Redirect", Channel=channel, Context="hydrophone-person", Exten="s", Priority="1")


async def churn(run: Run) -> None:
    """The link breaks again and again while callers come and go: hangups fall between the items of snapshots."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    coming = asyncio.create_task(install.crowd.arrive([Wish.PERSON] * run.size(60, 16), per_s=4))
    for _ in range(run.size(8, 3)):
        await asyncio.sleep(1.5)
        install.ami_proxy.cut()
    people = await coming
    cut = time.time()
    install.ami_proxy.cut()
    await run.back(cut, BACK_S, "resynced after the last cut")
    await run.serve(people)


async def half_open(run: Run) -> None:
    """Packets go nowhere, and no side is told."""
    install = run.install
    people = await run.talking(run.size(20, 6))
    tries, begun = len(install.ami_proxy.opened), time.time()
    install.ami_proxy.swallows = True

    async def given_up() -> bool:
        return len(install.ami_proxy.opened) > tries

    await run.reached(given_up, "the daemon gives the link up")
    run.within(install.ami_proxy.opened[tries] - begun, HALF_OPEN_S, "a half-open link is found")
    install.ami_proxy.swallows = False
    install.ami_proxy.cut()
    await run.back(time.time(), BACK_S, "resynced")
    await run.serve(people)


# ------------------------------------------------------------------ flood and stall


async def flood(run: Run) -> None:
    """Ten thousand events a second: no disconnect, fresh calls on screen within a second, no state event shed."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    await run.serve(await install.crowd.arrive([Wish.PERSON] * 4, per_s=4))
    before, links = await install.daemon.metrics(), len(install.ami_proxy.opened)
    sending = asyncio.create_task(_pour(run, run.size(60, 10)))
    people = await install.crowd.arrive([Wish.PERSON] * run.size(100, 16), per_s=2)
    rate = await sending
    if rate < 0.9 * FLOOD_PER_S:
        raise NotReachedError(f"only {rate:,.0f} events a second went through")
    after = await install.daemon.metrics()
    for one in people:
        seen = install.supervisor.seen.get(one.number)
        run.within((seen or time.time()) - one.dialled_at, LAG_S, "a call on the supervisor's screen")
    run.promise(len(install.ami_proxy.opened) == links, "no disconnect")
    run.promise(_grew(before, after, "hydrophone_ami_events_dropped_total") == 0, "no state event is dropped")
    await run.serve(people)


def _grew(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return sum(value - before.get(key, 0.0) for key, value in after.items() if key.startswith(name))


async def _pour(run: Run, seconds: float) -> float:
    """Say events that the PBX has really said, of phones that are nobody's; returns how many a second went through."""
    blob = b"".join(itertools.islice(_events(run), _BLOB))
    begun, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - begun) < seconds:
        if sent > elapsed * FLOOD_PER_S:
            await asyncio.sleep(0.01)
            continue
        await run.install.ami_proxy.say(blob)
        sent += _BLOB
    return sent / (time.monotonic() - begun)


def _events(run: Run) -> Iterator[bytes]:
    examples = run.install.frames.examples
    for number in itertools.count():
        phone = b"39%02d" % (number % 50)
        for name in (b"QueueMemberStatus", b"DeviceStateChange"):
            yield _of_phone(examples[name], phone)


def _of_phone(frame: bytes, phone: bytes) -> bytes:
    """Return this event of a phone as that of another."""
    lines = []
    for line in frame.removesuffix(END).split(b"\r\n"):
        name, colon, value = line.partition(b": ")
        if name in (b"Interface", b"StateInterface", b"Device"):
            value = b"PJSIP/" + phone
        elif name == b"MemberName":
            value = b"nobody-" + phone
        lines.append(name + colon + value)
    return b"\r\n".join(lines) + END


async def stall(run: Run) -> None:
    """The daemon does nothing for five seconds while calls go on: one reconnect at most, then the truth."""
    install = run.install
    install.phones.talk_s = lambda _leg: 2.0
    coming = asyncio.create_task(install.crowd.arrive([Wish.PERSON] * run.size(40, 12), per_s=2))
    await asyncio.sleep(2)
    links = len(install.ami_proxy.opened)
    install.daemon.signal(signal.SIGSTOP)
    await asyncio.sleep(5)
    install.daemon.signal(signal.SIGCONT)
    woken = time.time()
    await run.reached(lambda: screen_is_true(install), "the screens are true again")
    run.within(time.time() - woken, BACK_S, "true again")
    run.promise(len(install.ami_proxy.opened) - links <= 1, "one reconnect at most")
    await run.serve(await coming)


# ------------------------------------------------------------------ lists and lies


async def partial_lists(run: Run) -> None:
    """Lists that are cut off half way: they change nothing, and no call is a ghost."""
    install = run.install
    people = await run.talking(run.size(20, 8))
    calls = len((await install.live())["calls"])
    install.frames.breaks_lists = True
    install.ami_proxy.cut()
    end = time.monotonic() + run.size(15, 3)
    while time.monotonic() < end:
        live = await install.live()
        run.promise(
            len(live["calls"]) == calls, f"a partial list changes nothing: {len(live['calls'])} of {calls} calls"
        )
        await asyncio.sleep(0.5)
    run.promise(install.frames.lists_broken > 0, "lists were broken off")
    install.frames.breaks_lists = False
    whole = time.time()
    await run.back(whole, 15.0, "resynced once lists are whole")
    await run.serve(people)


async def garbage(run: Run) -> None:
    """Damaged and forged messages between the PBX's own: never a crash, the next one is read, nothing is believed."""
    install = run.install
    people = await run.talking(run.size(20, 8))
    starts, calls = len(install.daemon.starts), len((await install.live())["calls"])
    linkedids = sorted((await install.ami.truth()).linkedids)
    for frame in _garbage(linkedids[0]):
        await install.ami_proxy.say(frame)
        await asyncio.sleep(0.3)
    said = time.time()
    fresh = await install.crowd.arrive([Wish.MENU], per_s=8)

    async def seen() -> bool:
        live = await install.live()
        return bool(live) and len(live["calls"]) == calls + 1

    await run.reached(seen, "what the PBX says after the garbage is read")
    run.within(time.time() - said, BACK_S, "read on")
    run.promise(len(install.daemon.starts) == starts, "the daemon lives on")
    refused = await install.daemon.metrics()
    run.promise(_sum(refused, "hydrophone_ami_frames_refused_total") > 0, "what is refused is counted")
    await install.crowd.send_home(fresh)
    await run.serve(people)


def _sum(metrics: dict[str, float], name: str) -> float:
    return sum(value for key, value in metrics.items() if key.startswith(name))


def _garbage(linkedid: str) -> Iterator[bytes]:
    hangup = f"Event: Hangup\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-0\r\nUniqueid: {linkedid}\r\n".encode()
    yield b"Event: Newchannel\nUniqueid: 1.1\n\n"
    yield b"Event: Newchannel\r\nno colon here\r\n\r\n"
    yield b"Event: VarSet\r\nValue: " + b"x" * 1_000_000 + END
    yield b"Event: Hangup\r\nUniqueid: " + linkedid.encode() + b"\0\r\n\r\n"
    yield b"Event: Newchannel\r\nCallerIDName: \xff\xfe\xfd\r\n\r\n"
    yield b"Event: Newchannel\r\nCallerIDName: \xd5\xd4\xc3\xf4\r\n\r\n"
    yield b"Asterisk Call Manager/99.0\r\n"
    yield b"Asterisk Call Manager/99.0\r\n\r\n"
    yield hangup + f"Linkedid: {linkedid}\r\nUniqueid: {linkedid}\r\nCause: 16\r\nCause-txt: x\r\n\r\n".encode()
    yield hangup + f"Linkedid: {linkedid}\r\nEvent: Newchannel\r\n\r\n".encode()
    yield b"Response: Success\r\nActionID: nobody-asked\r\nMessage: hello\r\n\r\n"
    yield b"Event: CoreShowChannelsComplete\r\nActionID: nobody-asked\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
    yield b"\r\n\r\n\r\n"


# ------------------------------------------------------------------ not let in


async def login_refused(run: Run) -> None:
    """The PBX refuses the login: no hot loop, and in again once it takes it."""
    install = run.install
    people = await run.talking(run.size(20, 6))
    file = install.settings.home / "pbx" / "etc" / "hydrophone-manager.conf"
    right = file.read_text()
    file.write_text(right.replace("secret = ", "secret = not-"))
    await install.pbx.console("manager reload")
    tries = len(install.ami_proxy.opened)
    install.ami_proxy.cut()
    await asyncio.sleep(run.size(20, 3))
    tried = len(install.ami_proxy.opened) - tries
    run.promise(0 < tried <= run.size(12, 5), f"{tried} logins were tried")
    run.promise(not ((await install.daemon.health()) or {}).get("ok", True), "health says that there is no link")
    file.write_text(right)
    await install.pbx.console("manager reload")
    await run.back(time.time(), 35.0, "in again once the login is taken")
    await run.serve(people)


async def slots_taken(run: Run) -> None:
    """All of the PBX's login slots are taken by connections that say nothing."""
    install, pbx = run.install, run.install.settings.pbx
    people: list[Placed] = await run.talking(run.size(20, 6))
    writers: list[asyncio.StreamWriter] = []

    async def take() -> None:
        while True:
            _, writer = await asyncio.open_connection(pbx.host, pbx.ami_port)
            writers.append(writer)
            await asyncio.sleep(0.02)

    taking = asyncio.create_task(take())
    await asyncio.sleep(2)
    tries = len(install.ami_proxy.opened)
    install.ami_proxy.cut()
    await asyncio.sleep(run.size(15, 4))
    tried = len(install.ami_proxy.opened) - tries
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    for writer in writers:
        writer.close()
    run.promise(0 < tried <= run.size(15, 10), f"{tried} connections were tried")
    await run.back(time.time(), 35.0, "in again once there is a slot")
    await run.serve(people)
