"""How long a test waits for what must come: only one that fails waits so long, whatever else the machine does."""

PATIENCE = 180.0  # seconds
