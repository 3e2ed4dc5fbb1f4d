"""The API and the worker as commands of their own, and the migrations both need."""

import asyncio
import contextlib
import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from typing import Any

import psycopg
import setproctitle

from commands.outcome import Failed, WrongUse
from providers.records.migrate import migrate
from providers.servers import ports
from runtime.settings import load_settings

GRACE = 5
"""Seconds open requests may take to end."""
KEEP_ALIVE = 75
"""Seconds an idle connection is kept: longer than reverse proxies do (nginx, load balancers: 60), so that it is they
who close it. A request sent into a connection that we are just closing is lost, and its sender sees a 502."""

SERVED: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "timeout_keep_alive": KEEP_ALIVE,
    "timeout_graceful_shutdown": GRACE,
}
"""How uvicorn serves the API, beside where."""


def serve_api(host: str, port: int) -> None:
    """Serve the API until told to stop.

    Raises:
        WrongSetting: names the variable and the reason.
        CannotStart: the port is taken.
    """
    setproctitle.setproctitle("everturn api")
    import uvicorn  # late: the other commands start without it

    from api.app import create_app
    from commands.rehearsing_page import rehearsing_for

    class Server(uvicorn.Server):
        """Being told to stop is an orderly end: exit status 0."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self.handle_exit)
            yield

    ports.require_free(host, port, "--port")
    app = create_app(settings := load_settings())
    app.state.rehearse = rehearsing_for(settings)
    server = Server(uvicorn.Config(app, host=host, port=port, **SERVED))
    server.run()
    if not server.started:
        raise Failed("the API could not start; its log says why")


def serve_worker(processes: int = 1) -> int:
    """Run the worker, or several, until told to stop; the exit status."""
    setproctitle.setproctitle("everturn worker")
    if processes > 1:  # what they measure is added up, and served by the first of them
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="everturn-metrics-"))
    # A conversation waits for the successor of a killed worker: no collecting while there is only new to load.
    gc.disable()
    import worker  # late: the other commands start without it

    gc.freeze()
    gc.enable()
    if processes == 1:
        return worker.main()
    from commands.nursery import Nursery
    from runtime.logs import configure_logs

    configure_logs(load_settings())
    return Nursery(processes, lambda place: worker.main(measured=place == 0)).run()


def apply_migrations(database_url: str) -> list[str]:
    """Bring the database up to date; the names of what was applied.

    Raises:
        WrongUse: no database is set.
        Failed: it cannot be reached, or a migration failed.
    """
    if not database_url:
        raise WrongUse("DATABASE_URL: is not set, and no `everturn up` is running in this home")
    try:
        return asyncio.run(migrate(database_url))
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL: {' '.join(str(error).split())}") from None
