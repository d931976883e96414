"""The tables. What the migrations build is exactly this; a test compares the two.

Ids are uuids made by us, money is whole fen (``bigint``), times are ``timestamptz``. Words of a fixed set are
text with a check, so that adding one is a small migration. A call keeps account numbers and agents as text without
a foreign key: it must be written whatever the caller keyed, and a site's accounts may live in another system.
"""

from storage.schema.call_records import calls
from storage.schema.columns import metadata
from storage.schema.events import JOURNAL_REST, journal, journal_snapshots
from storage.schema.kpi import TALLY_SUMS, WAIT_COLUMNS, agent_times, kpi_intervals
from storage.schema.left import callbacks, messages, ratings, surveys
from storage.schema.logins import tokens, tries, user_queues, users
from storage.schema.menus import FLOWS_APPEND_ONLY, flow_versions
from storage.schema.pbx_logs import pbx_cel, pbx_queue_log
from storage.schema.ticket_records import APPEND_ONLY, ticket_entries, ticket_numbers, tickets
from storage.schema.utility import (
    account_pins,
    accounts,
    bills,
    customer_phones,
    customers,
    demo_loads,
    incidents,
    meters,
    payments,
    premises,
    readings,
    reported_readings,
    tariff_steps,
    tariffs,
    water_quality,
    zone_postcodes,
    zones,
)

__all__ = [
    "APPEND_ONLY",
    "FLOWS_APPEND_ONLY",
    "JOURNAL_REST",
    "TALLY_SUMS",
    "WAIT_COLUMNS",
    "account_pins",
    "accounts",
    "agent_times",
    "bills",
    "callbacks",
    "calls",
    "customer_phones",
    "customers",
    "demo_loads",
    "flow_versions",
    "incidents",
    "journal",
    "journal_snapshots",
    "kpi_intervals",
    "messages",
    "metadata",
    "meters",
    "payments",
    "pbx_cel",
    "pbx_queue_log",
    "premises",
    "ratings",
    "readings",
    "reported_readings",
    "surveys",
    "tariff_steps",
    "tariffs",
    "ticket_entries",
    "ticket_numbers",
    "tickets",
    "tokens",
    "tries",
    "user_queues",
    "users",
    "water_quality",
    "zone_postcodes",
    "zones",
]
