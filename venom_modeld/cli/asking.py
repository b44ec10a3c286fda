"""`status`: what the daemon answers, once or again and again."""

import time

from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.following import JsonLines, Lines, follow
from venom_modeld.cli.options import Format
from venom_modeld.cli.render.status_text import View, status_text
from venom_modeld.cli.terminal import paint, show

MOST_OPERATIONS = 100


def look(client: DaemonClient) -> View:
    """Return everything that the daemon tells of the present. Raises as the client does."""
    models = client.get("/api/v1/models")
    return View(
        status=client.get("/api/v1/status"),
        runtimes=client.get("/api/v1/runtimes")["runtimes"],
        models=[*models["models"], *models["missing"]],
        operations=client.get(f"/api/v1/models/operations?limit={MOST_OPERATIONS}")["operations"],
    )


def watch_in_lines(client: DaemonClient, form: Format) -> None:
    """Tell what happens, one line each, until interrupted; in text after how things are at first."""
    view = look(client)
    if form is Format.TEXT:
        show(f"{status_text(view, paint(), now=time.time())}\n")
    follow(client, JsonLines(show) if form is Format.JSON else Lines(show))


def watch_on_board(client: DaemonClient) -> None:
    """Draw everything anew whenever something happens, until interrupted."""
    from venom_modeld.cli.board import board  # noqa: PLC0415 - bars are loaded where there is a terminal

    with board(lambda: look(client), paint()) as drawing:
        drawing.draw()
        follow(client, drawing)
