"""This machine's addresses and free ports, as the sandbox needs them."""

import fcntl
import ipaddress
import socket
import struct

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
