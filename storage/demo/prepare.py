"""Make a database a demo: the town's accounts and the demo users, once, or again when asked."""

from collections.abc import Mapping

from cti.domain.ids import QueueName
from storage.demo.load import Progress, load, loaded, silent
from storage.demo.people import ensure_people
from storage.demo.town import Town
from storage.engine import Database
from storage.users import UserStore


async def prepare(
    dsn: str,
    town: Town,
    *,
    pin_key: str,
    passwords: Mapping[str, str],
    queue: QueueName,
    again: bool = False,
    progress: Progress = silent,
) -> Town:
    """Load ``town`` and the demo users into the migrated database at ``dsn``; returns the town that it then holds.

    Demo data that is there already stays, whatever town it is of, unless ``again``, or its PINs were made with
    another key than ``pin_key`` and would never be right.
    """
    there = await loaded(dsn, pin_key=pin_key)
    anew = again or there is None or not there.key_fits
    if anew:
        await load(dsn, town, pin_key=pin_key, progress=progress)
    database = Database(dsn, pool_size=2)
    try:
        await ensure_people(UserStore(database), passwords, queue=queue, reset=anew)
    finally:
        await database.close()
    return town if anew or there is None else there.town
