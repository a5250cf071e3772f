#!/usr/bin/env python3
"""Tells a Slack channel.

In Slack: create an app, switch on "Incoming Webhooks", add one to a channel, and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/slack.py", "/etc/ahtop/slack.url"]
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
sign = {"clear": ":white_check_mark:", "warn": ":large_yellow_circle:"}.get(alert["event"], ":red_circle:")
# In Slack's markup these three must be written so.
text = alert["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
body = {"text": f"{sign} {alert['account']}: {text}"}
post(webhook(sys.argv[1]), json.dumps(body).encode(), {"Content-Type": "application/json"})
