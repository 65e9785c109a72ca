import sys

from spexcore.cli import main

sys.exit(main())
