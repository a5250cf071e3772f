#!/usr/bin/env python3
"""Tells a Microsoft Teams channel, with a card.

In Teams: channel > Workflows > "Post to a channel when a webhook request is received", and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/teams.py", "/etc/ahtop/teams.url"]
"""

import json
import sys

sys.dont_write_bytecode = True  # nothing is written beside the hooks
from webhook import post, secret

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
post(secret(sys.argv[1]), json.dumps(body).encode(), {"Content-Type": "application/json"})
