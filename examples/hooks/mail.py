#!/usr/bin/env python3
"""Sends an e-mail.

The file is JSON (chmod 600): "host", "port", "from", "to" (a list), and where the server needs them "user" and "password".
"tls" is "starttls" (the default), "tls", or "none" for a server on this machine.

[[hook]]
on = ["crit", "stale", "token", "credentials", "service"]
command = ["/usr/share/ahtop/hooks/mail.py", "/etc/ahtop/mail.json"]
timeout = "30s"
"""

import json
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

sys.dont_write_bytecode = True  # nothing is written beside the hooks
from webhook import secret

settings = json.loads(secret(sys.argv[1]))
alert = json.load(sys.stdin)

message = EmailMessage()
message["From"] = settings["from"]
message["To"] = ", ".join(settings["to"])
message["Subject"] = f"ahtop {alert['account']}: {alert['text']}"[:200]
message["Date"] = formatdate(localtime=True)
message["Message-ID"] = make_msgid(domain="ahtop.invalid")
message["Auto-Submitted"] = "auto-generated"
lines = [alert["text"], "", f"Account: {alert['account']}", f"Since: {alert['at']}"]
if alert["kind"] != "account":
    lines.insert(3, f"{alert['kind'].capitalize()}: {alert['id']}")
message.set_content("\n".join(lines) + "\n")

tls = settings.get("tls", "starttls")
try:
    if tls == "tls":
        server = smtplib.SMTP_SSL(
            settings["host"], settings.get("port", 465), timeout=20, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(settings["host"], settings.get("port", 587), timeout=20)
    with server:
        if tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if "user" in settings:
            server.login(settings["user"], settings["password"])
        server.send_message(message)
except (OSError, smtplib.SMTPException) as error:
    sys.exit(f"not sent: {error}")
print(f"sent to {len(settings['to'])}")
