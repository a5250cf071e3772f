#!/usr/bin/env python3
"""Sends a push notification through ntfy (https://ntfy.sh, or a server of your own).

The file (chmod 600) has the address of the topic in its first line, and in the second one a token where the topic needs it.
Whoever knows the name of a topic without a token can read it: it may hold names of agents.

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/ntfy.py", "/etc/ahtop/ntfy"]
"""

import json
import os
import sys
import urllib.error
import urllib.request


def webhook(path):
    """The address, from a file that only its owner can read: it is a secret, and never stands on a command line."""
    mode = os.stat(path).st_mode
    if mode & 0o077:
        sys.exit(f"{path} can be read by others: chmod 600 {path}")
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def post(url, body, headers):
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            print(f"HTTP {answer.status}")
    except urllib.error.HTTPError as error:
        sys.exit(f"HTTP {error.code}: {error.read(200).decode(errors='replace')}")
    except OSError as error:
        # The address may be a secret, so it is not told.
        sys.exit(f"cannot be reached: {getattr(error, 'reason', error)}")


alert = json.load(sys.stdin)
url, *token = webhook(sys.argv[1]).split("\n")
headers = {
    "Title": f"ahtop {alert['account']}",
    "Priority": {"clear": "low", "warn": "default"}.get(alert["event"], "high"),
    "Tags": {"clear": "white_check_mark", "warn": "warning"}.get(alert["event"], "rotating_light"),
    "Content-Type": "text/plain; charset=utf-8",
}
if token:
    headers["Authorization"] = f"Bearer {token[0].strip()}"
post(url.strip(), alert["text"].encode(), headers)
