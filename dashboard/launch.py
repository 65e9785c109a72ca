"""Start the dashboard's server: the same flags from a checkout and from an installed wheel."""

import signal
import subprocess
import sys
from pathlib import Path

from dashboard.settings import OPTIONS
from spexcore.errors import BadInput

APP = Path(__file__).resolve().parent / "app.py"


def command(port: int | None = None) -> list[str]:
    """The command line that serves the page on 127.0.0.1, telemetry off, theme included."""
    options = OPTIONS if port is None else {**OPTIONS, "server.port": port}
    flags = [f"--{name}={_plain(value)}" for name, value in options.items()]
    return [sys.executable, "-m", "dashboard.server", str(APP), *flags]


def serve(port: int | None = None) -> None:
    """Serve the page until interrupted; raises BadInput when the server cannot start."""
    if port is not None and not 1 <= port <= 65535:
        raise BadInput(f"`port` must be from 1 to 65535; got {port}.")
    with subprocess.Popen(command(port)) as server:
        # Whoever ends this process means the server: without this it would live on, holding the port.
        before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            status = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            signal.signal(signal.SIGTERM, before)
    if status > 0:
        raise BadInput(f"The dashboard stopped with status {status}. Is port {port or OPTIONS['server.port']} in use?")


def _plain(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
