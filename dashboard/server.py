"""The server's own process: what pages need is imported before it listens, so that the first visitor does not wait."""

import sys
from importlib import import_module

#: Everything slow below the page itself, whose modules need a running server.
_AHEAD = (
    "plotly.graph_objects",
    "spexcore.comparison",
    "spexcore.explain",
    "spexcore.exports",
    "spexcore.figures",
    "spexcore.models.available",
    "spexcore.store",
)


def main() -> None:
    """Run Streamlit with the arguments of the command line."""
    for module in _AHEAD:
        import_module(module)
    from streamlit.web.cli import main as streamlit

    streamlit(["run", *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
