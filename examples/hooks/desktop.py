#!/usr/bin/env python3
"""Shows a notification on the desktop where ahtop runs, by notify-send (package libnotify-bin).

Without a hook, `[alert] notify = "osc9"` lets the terminal itself show one, also over SSH.

[[hook]]
on = ["warn", "crit", "clear"]
command = ["/usr/share/ahtop/hooks/desktop.py"]
"""

import json
import subprocess
import sys

alert = json.load(sys.stdin)
urgency = {"clear": "low", "warn": "normal"}.get(alert["event"], "critical")
# The body may have markup.
text = alert["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
command = ["notify-send", f"--urgency={urgency}", "--app-name=ahtop", "--", f"ahtop {alert['account']}", text]
try:
    sys.exit(subprocess.run(command, check=False).returncode)
except FileNotFoundError:
    sys.exit("notify-send is not installed")
