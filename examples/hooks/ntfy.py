#!/usr/bin/env python3
"""Sends a push notification through ntfy (https://ntfy.sh, or a server of your own).

The file (chmod 600) has the address of the topic in its first line, and in the second one a token where the topic needs it.
Whoever knows the name of a topic without a token can read it: it may hold names of agents.

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/ntfy.py", "/etc/ahtop/ntfy"]
"""

import json
import sys

sys.dont_write_bytecode = True  # nothing is written beside the hooks
from webhook import post, secret

alert = json.load(sys.stdin)
url, *token = secret(sys.argv[1]).split("\n")
headers = {
    "Title": f"ahtop {alert['account']}",
    "Priority": {"clear": "low", "warn": "default"}.get(alert["event"], "high"),
    "Tags": {"clear": "white_check_mark", "warn": "warning"}.get(alert["event"], "rotating_light"),
    "Content-Type": "text/plain; charset=utf-8",
}
if token:
    headers["Authorization"] = f"Bearer {token[0].strip()}"
post(url.strip(), alert["text"].encode(), headers)
