#!/usr/bin/env python3
"""Tells a Google Chat space. An alert and its end stand in one thread.

In Google Chat: Space > Apps & integrations > Webhooks > Add, and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/googlechat.py", "/etc/ahtop/googlechat.url"]
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
sign = {"clear": "\u2705", "warn": "\U0001f7e1"}.get(alert["event"], "\U0001f534")
thread = f"{alert['account']} {alert['kind']} {alert['id']}"
body = {"text": f"{sign} {alert['account']}: {alert['text']}", "thread": {"threadKey": thread}}
url = webhook(sys.argv[1])
url += ("&" if "?" in url else "?") + "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
post(url, json.dumps(body).encode(), {"Content-Type": "application/json; charset=UTF-8"})
