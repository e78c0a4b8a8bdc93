"""Which Chromium the browser tests use: `python -m tests.browser` prints its path, and exits 1 where there is none."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
# Headless, without anything that would reach for the network.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Return the path of the system's Chromium, else of one that Playwright downloaded, else None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(downloads.glob("chromium*/*/*"))
    return next(
        (str(path) for path in found if path.name in {"headless_shell", "chrome-headless-shell", "chrome"} and path.is_file()), None
    )


if __name__ == "__main__":
    print(find_chromium() or "none")
    sys.exit(find_chromium() is None)
