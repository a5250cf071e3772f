#!/usr/bin/env python3
"""Tells a Google Chat space. An alert and its end stand in one thread.

In Google Chat: Space > Apps & integrations > Webhooks > Add, and save its address (chmod 600).

[[hook]]
on = ["crit", "clear", "stale", "throttled", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/googlechat.py", "/etc/ahtop/googlechat.url"]
"""

import json
import sys

sys.dont_write_bytecode = True  # nothing is written beside the hooks
from webhook import post, secret

alert = json.load(sys.stdin)
sign = {"clear": "\u2705", "warn": "\U0001f7e1"}.get(alert["event"], "\U0001f534")
thread = f"{alert['account']} {alert['kind']} {alert['id']}"
body = {"text": f"{sign} {alert['account']}: {alert['text']}", "thread": {"threadKey": thread}}
url = secret(sys.argv[1])
url += ("&" if "?" in url else "?") + "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
post(url, json.dumps(body).encode(), {"Content-Type": "application/json; charset=UTF-8"})
