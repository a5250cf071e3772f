#!/usr/bin/env python3
"""Tells a Slack channel.

In Slack: create an app, switch on "Incoming Webhooks", add one to a channel, and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/slack.py", "/etc/ahtop/slack.url"]
"""

import json
import sys

sys.dont_write_bytecode = True  # nothing is written beside the hooks
from webhook import post, secret

alert = json.load(sys.stdin)
sign = {"clear": ":white_check_mark:", "warn": ":large_yellow_circle:"}.get(alert["event"], ":red_circle:")
# In Slack's markup these three must be written so.
text = alert["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
body = {"text": f"{sign} {alert['account']}: {text}"}
post(secret(sys.argv[1]), json.dumps(body).encode(), {"Content-Type": "application/json"})
