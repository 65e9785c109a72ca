"""One file a page: it reads the state, calls, draws."""
