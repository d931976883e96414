"""The agents' phones as the PBX knows them, in place of those that the console's browsers register."""

from collections.abc import Mapping

from cti.sandbox.pbx import SandboxPbx

_ENDPOINT = """
[{0}]
type = aor
contact = sip:{0}@127.0.0.1:{1}

[{0}]
type = endpoint
context = hydrophone-agent
aors = {0}
transport = transport-udp
callerid = "Agent {0}" <{0}>
disallow = all
allow = alaw
direct_media = no
device_state_busy_at = 1
"""


async def stand_in(pbx: SandboxPbx, ports: Mapping[str, int], *, more: str = "") -> None:
    """Have the PBX ring these extensions at UDP ports of this machine; ``more`` are lines of each endpoint."""
    written = "".join(_ENDPOINT.format(extension, port) + more for extension, port in ports.items())
    (pbx.settings.home / "pbx/etc/hydrophone-pjsip.conf").write_text(written)
    await pbx.console("module reload res_pjsip.so")
