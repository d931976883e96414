"""The ``hydrophone`` command: one module of this package per group of sub-commands."""

import typer

from cti.cli import call, database, demo, flow, pbx, prompts, serve

app = typer.Typer(name="hydrophone", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def hydrophone() -> None:
    """Hydrophone, an open-source call-centre server for public hotlines."""


app.command()(serve.serve)
app.command()(demo.demo)
app.command()(call.call)
app.command()(database.migrate)
app.command("demo-data")(database.demo_data)
app.add_typer(flow.app, name="flow")
app.add_typer(pbx.app, name="pbx")
app.add_typer(prompts.app, name="prompts")
