"""What a PBX elsewhere writes of its calls."""

from typing import Any

import sqlalchemy as sa

from storage.schema.columns import Time, metadata


def _pbx_log(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Return a table that Asterisk's own backend fills: it takes the columns that it knows the names of.

    Each PBX logs in as a role of its own, ``pbx_NAME``, which may insert and nothing else; so ``pbx`` is not for it
    to say.
    """
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False, server_default=sa.text("CURRENT_USER")),
        sa.Column("received_at", Time, nullable=False, server_default=sa.func.now()),
        *columns,
    )


def _said(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


pbx_cel = _pbx_log(
    "pbx_cel",
    _said("eventtype"),
    sa.Column("eventtime", sa.Double, nullable=False),
    *map(_said, ("cid_name", "cid_num", "exten", "channame", "appname", "uniqueid", "linkedid", "peer", "extra")),
)
pbx_queue_log = _pbx_log(
    "pbx_queue_log",
    *map(_said, ("time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5")),
)
sa.Index("ix_pbx_cel_place", pbx_cel.c.pbx, pbx_cel.c.id)
sa.Index("ix_pbx_queue_log_place", pbx_queue_log.c.pbx, pbx_queue_log.c.id)
