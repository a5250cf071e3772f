"""What the hooks beside this file have in common; not a hook itself."""

import os
import sys
import urllib.error
import urllib.request


def secret(path):
    """What is in a file that only its owner can read: it never stands on a command line."""
    mode = os.stat(path).st_mode
    if mode & 0o077:
        sys.exit(f"{path} can be read by others: chmod 600 {path}")
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def post(url, body, headers):
    """Sends a request, and prints what came back."""
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            print(f"HTTP {answer.status}")
    except urllib.error.HTTPError as error:
        sys.exit(f"HTTP {error.code}: {error.read(200).decode(errors='replace')}")
    except OSError as error:
        # The address may be a secret, so it is not told.
        sys.exit(f"cannot be reached: {getattr(error, 'reason', error)}")
