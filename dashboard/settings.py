"""How server and page are set, and what the form starts from. `.streamlit/config.toml` says the same by hand."""

from spexcore.assets import asset

HOST = "127.0.0.1"
PORT = 8501
MODEL = "sentiment"
MAX_UPLOAD_MB = 20
#: Lens -> the example that its page opens with.
FIRST_PRESETS = {
    "prompt": "not-bad-never-dull",
    "training": "a-biased-returns-desk",
    "components": "heads-that-back-each-other-up",
}

THEME_CSS = asset("theme.css")
LOGO = asset("logo.svg")
PRESETS = asset("presets")

#: Streamlit options. config.toml is found only from the working directory, so `serve` passes each as a flag.
OPTIONS: dict[str, str | int | bool] = {
    "server.address": HOST,
    "server.port": PORT,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": MAX_UPLOAD_MB,
    "server.enableStaticServing": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": False,
    # A full collection after every redraw takes .3 s of CPU once torch is loaded; polling would starve the job itself.
    "runner.postScriptGC": False,
    "theme.baseRadius": "8px",
    "theme.paddingTop": "0.75rem",
    "theme.paddingBottom": "3rem",
    "theme.showWidgetBorder": True,
    "theme.light.primaryColor": "#2f4268",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f6f9",
    "theme.light.textColor": "#1c2430",
    "theme.light.borderColor": "#d5dbe3",
    "theme.dark.primaryColor": "#4f73ba",
    "theme.dark.backgroundColor": "#10151d",
    "theme.dark.secondaryBackgroundColor": "#18202b",
    "theme.dark.textColor": "#e8ebf1",
    "theme.dark.borderColor": "#313a48",
}

BUDGET = 512
MASKS = "mixed"
METHODS = ("stackspex", "walshgp", "proxyspex")  # the first of these that there is begins
VERIFY = 10
RUNS_A_PAGE = 20
TOPS = (5, 12, 25, 50, 100, 500)
LEASTS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # shares of the largest score that a term on screen must reach
ROWS = 100  # of the matrix; a graph holds more
VALIDATED = 10  # leading terms that one click confirms
MAX_RE_ABLATED = 8  # players a click may re-ablate: 256 ablations
CONTEXTS, MAX_IN_CONTEXTS = 8, 4  # random contexts that a click tries, of terms of so many players: 136 ablations
MAX_CHOSEN = 12  # players of a term on screen: 4,096 values predicted, half a second
SHOWN_CORNERS = 16
POLL_SECONDS = 0.4
