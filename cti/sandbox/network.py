"""This machine's addresses and free ports, as the sandbox needs them."""

import errno
import fcntl
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator

from config.pbx_files import Network
from config.settings import Settings
from cti.sandbox.errors import PortTakenError

_SIOCGIFADDR = 0x8915


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's interfaces but loopback, in the kernel's order."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _index, name in socket.if_nameindex():
            try:
                reply = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            address = socket.inet_ntoa(reply[20:24])
            if not ipaddress.IPv4Address(address).is_loopback:
                found.append(address)
    return found


def webrtc_network() -> Network:
    """Return which of our addresses WebRTC sees as loopback, and which it never sees."""
    addresses = own_addresses()
    return Network(addresses[0] if addresses else None, tuple(addresses[1:]))


def check_ports(settings: Settings) -> None:
    """Raise :class:`PortTakenError` if one of the PBX's ports is in use."""
    pbx = settings.pbx
    wanted = (
        ("pbx.ami_port", socket.SOCK_STREAM, pbx.ami_port),
        ("pbx.sip_ws_port", socket.SOCK_STREAM, pbx.sip_ws_port),
        ("pbx.sip_port", socket.SOCK_DGRAM, pbx.sip_port),
    )
    for setting, kind, port in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((pbx.host, port))
            except OSError as fault:
                raise PortTakenError(setting, pbx.host, port) from fault


class _Ports:
    """Ports to try, one after the other, from a place that differs from process to process.

    They lie below those that the kernel gives to whoever connects (``ip_local_port_range``): one of those is free now
    and somebody's in a moment.
    """

    def __init__(self, first: int, last: int) -> None:
        self._first, self._count = first, last - first + 1
        self._next = os.getpid() * 3571

    def __iter__(self) -> Iterator[int]:
        for _ in range(self._count):
            self._next += 1
            yield self._first + self._next % self._count


_PORTS = {socket.SOCK_STREAM: _Ports(21_000, 32_767), socket.SOCK_DGRAM: _Ports(10_240, 19_999)}


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    """Return a port that nobody has and this process was not given lately. Raises ``OSError`` if all are taken."""
    for port in _PORTS[kind]:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError as fault:
                if fault.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError(errno.EADDRINUSE, "no port is free")
