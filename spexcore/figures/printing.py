"""The report as a PDF, printed by the Chromium of this machine: headless, in a folder of its own, without a network."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from spexcore.errors import BadInput
from spexcore.figures.tokens import Html

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120  # that printing may take; a report takes about two
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no name is ever looked up
    "--no-pdf-header-footer",
    # As root and in most containers the sandbox cannot start; the page is our own, escaped, and runs no script.
    "--no-sandbox",
    "--disable-dev-shm-usage",
)


def browser() -> str | None:
    """Path of a Chromium that can print; None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def pdf(markup: Html) -> bytes:
    """A report printed to PDF; raises BadInput, in one sentence, where no browser is, or it does not print."""
    chromium = browser()
    if chromium is None:
        raise BadInput(f"A PDF needs one of {', '.join(BROWSERS)} on this machine. Print the HTML report instead.")
    with tempfile.TemporaryDirectory(prefix="spex-pdf-") as folder:
        page, printed = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_text(str(markup), encoding="utf-8")
        _print(chromium, page, printed)
        if not printed.is_file():
            raise BadInput(f"{chromium} wrote no PDF. Print the HTML report instead.")
        return printed.read_bytes()


def _print(chromium: str, page: Path, printed: Path) -> None:
    own = f"--user-data-dir={page.with_name('profile')}"
    command = [chromium, *_FLAGS, own, f"--print-to-pdf={printed}", page.as_uri()]
    try:
        subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"{chromium} did not print within {_SECONDS} s. Print the HTML report instead.") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadInput(f"{chromium} could not print ({error}). Print the HTML report instead.") from error
