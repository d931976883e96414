"""What Asterisk 22 sends, as text to build test input from."""

from ivr.agi.environment import KEYS

VALUES = {
    "agi_network": "yes",
    "agi_network_script": "hotline",
    "agi_request": "agi://127.0.0.1:4573/hotline",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_language": "en",
    "agi_type": "PJSIP",
    "agi_uniqueid": "main-1795321000.12",
    "agi_version": "22.10.1~dfsg+~cs6.15.60671435-1",
    "agi_callerid": "13800138000",
    "agi_calleridname": "张三",
    "agi_callingpres": "0",
    "agi_callingani2": "0",
    "agi_callington": "0",
    "agi_callingtns": "0",
    "agi_dnid": "96000",
    "agi_rdnis": "unknown",
    "agi_context": "hydrophone-hotline",
    "agi_extension": "96000",
    "agi_priority": "8",
    "agi_enhanced": "0.0",
    "agi_accountcode": "",
    "agi_threadid": "140245123454656",
}
SECRET = "a-secret-of-this-install"
LINKEDID = "main-1795321000.12"


def environment(*arguments: str, **changed: str) -> bytes:
    """Return the environment block; ``changed`` by key without ``agi_``."""
    values = VALUES | {f"agi_{key}": value for key, value in changed.items()}
    lines = [f"{key}: {values[key]}" for key in KEYS]
    lines += [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments or (SECRET, LINKEDID), 1)]
    return ("\n".join(lines) + "\n\n").encode()
