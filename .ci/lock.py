"""Print `name==version` for every package of a pip resolution report."""

import json
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
found = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in report["install"]}
found.pop("spexcore", None)  # the project itself
print("# Written by `make lock`; do not edit.")
for name, version in sorted(found.items()):
    print(f"{name}=={version.split('+')[0]}")  # a local build tag (2.13.0+cpu) names one machine's file
