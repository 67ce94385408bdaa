#!/usr/bin/python3
"""The workshop's web application: one page that says which server made it, with a cat."""
import os
import socket
import sys
import zlib


def detach(log="/var/log/demoflask.log"):
    """Stands on its own feet before anything is printed: Puppet starts us with "&", then closes
    its end of our output, and the first line written to a closed pipe would end us."""
    if sys.stdout is not None and sys.stdout.isatty():
        return  # started by hand: whoever did wants to see
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:
        out = os.open(os.devnull, os.O_WRONLY)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    try:
        os.setsid()  # the end of a session, or of a cron run, is not ours
    except OSError:
        pass  # we already lead one
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", 1), open(2, "w", 1)


detach()

from flask import Flask, Response, request  # noqa: E402  (slow and talkative: after detach)
from markupsafe import escape  # noqa: E402

CATS = [
    " /\\_/\\\n( o.o )\n > ^ <",
    " /\\_/\\\n( -.- ) zZ\n (___)~",
    "  |\\__/|\n  (^ . ^)\n (  u u )~",
    " ^___^\n( @ @ )\n ( v )__/",
    " /\\ /\\\n(=o.O=)\n (\")(\")",
]
NAME = socket.gethostname()
CAT = CATS[zlib.crc32(NAME.encode()) % len(CATS)]  # a server keeps its cat
PAGE = """<!doctype html><html lang="fr"><meta charset="utf-8"><title>{name}</title>
<body style="font-family:monospace;text-align:center;margin-top:12vh">
<h1>Bonjour de {name}</h1><pre style="display:inline-block;text-align:left">{cat}</pre>
"""

app = Flask(__name__)


@app.route("/")
def index():
    """A page for browsers, plain text for curl."""
    if "text/html" in request.headers.get("Accept", ""):
        page, kind = PAGE.format(name=escape(NAME), cat=escape(CAT)), "text/html"
    else:
        page, kind = "Bonjour de %s\n\n%s\n" % (NAME, CAT), "text/plain"
    return Response(page, content_type=kind + "; charset=utf-8", headers={"X-Served-By": NAME})


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
