#!/usr/bin/env python3
"""Tells a Microsoft Teams channel, with a card.

In Teams: channel > Workflows > "Post to a channel when a webhook request is received", and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/teams.py", "/etc/ahtop/teams.url"]
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
color = {"clear": "Good", "warn": "Warning"}.get(alert["event"], "Attention")
facts = [{"title": "Account", "value": alert["account"]}, {"title": "Since", "value": alert["at"]}]
if alert["kind"] != "account":
    facts.insert(1, {"title": alert["kind"].capitalize(), "value": alert["id"]})
# A text that begins like a list or a link shall stay as it is.
text = "".join("\\" + c if c in "\\`*_{}[]<>#+-!|" else c for c in alert["text"])
card = {
    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {"type": "TextBlock", "text": text, "wrap": True, "weight": "Bolder", "color": color},
        {"type": "FactSet", "facts": facts},
    ],
}
attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
body = {"type": "message", "attachments": [attachment]}
post(webhook(sys.argv[1]), json.dumps(body).encode(), {"Content-Type": "application/json"})
