"""The page in the browser: views read, call, draw."""

from dashboard.launch import serve

__all__ = ["serve"]
