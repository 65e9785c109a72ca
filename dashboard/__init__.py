"""The page in the browser: views read, call, draw."""
