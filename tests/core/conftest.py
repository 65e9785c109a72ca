"""Property tests draw the same examples each time: a failure here is a failure there."""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.load_profile("same")
