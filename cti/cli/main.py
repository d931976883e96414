"""The ``hydrophone`` command: one module of this package per group of sub-commands."""

import typer

app = typer.Typer(name="hydrophone", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def hydrophone() -> None:
    """Hydrophone, an open-source call-centre server for public hotlines."""
