"""The billing that a site's settings name."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from config.settings import Settings
from storage.billing.external import ExternalBilling
from storage.billing.http import HttpSource
from storage.billing.own import OwnTables
from storage.billing.source import Source
from storage.billing.sql import SqlSource
from storage.engine import Database


def billing_of(
    settings: Settings, database: Database, *, pin_key: str, now: Callable[[], datetime]
) -> OwnTables | ExternalBilling:
    """Return the billing; nothing is connected yet."""
    zone, region = ZoneInfo(settings.site.timezone), settings.site.region
    source = _source(settings)
    if source is None:
        return OwnTables(database, pin_key=pin_key, zone=zone, region=region, now=now)
    return ExternalBilling(source, database, unit=settings.billing.money, zone=zone, region=region, now=now)


def _source(settings: Settings) -> Source | None:
    chosen = settings.billing
    if chosen.source == "sql" and chosen.sql is not None:
        return SqlSource(chosen.sql.dsn.get_secret_value(), chosen.sql.queries)
    if chosen.source == "http" and chosen.http is not None:
        headers = {name: value.get_secret_value() for name, value in chosen.http.headers.items()}
        return HttpSource(chosen.http.base_url, chosen.http.requests, headers)
    return None
