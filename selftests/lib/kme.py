# SPDX-License-Identifier: GPL-2.0
"""A key management entity as ETSI GS QKD 014 V1.1.1 describes it, as much as the
key service needs: "Get key" over mutual TLS. It can be told to misbehave."""

import base64
import json
import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLAVE = "sae-slave"
PATH = f"/api/v1/keys/{SLAVE}/enc_keys"


def certificates(folder):
    """A CA, and certificates of the KME, of a client, and of a stranger."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    for ca in "ca", "other-ca":
        openssl("req", "-x509", *new, "-subj", f"/CN={ca}", "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, ca in ("kme", "ca"), ("client", "ca"), ("stranger", "other-ca"):
        openssl("req", *new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        words = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "30"]
        openssl("x509", "-req", "-in", f"{name}.csr", *words, "-extfile", "san", "-out", f"{name}.pem")


class Kme:
    """Listens on a port of its own until stop()."""

    def __init__(self, folder, port=0):
        self.keys = []  # that were given out
        self.requests = []  # (path, body) of each
        self.stopped = False
        self.answer = None  # (status, text) instead of keys
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self.handler())
        self.server.daemon_threads = True
        self.port = self.server.server_port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "kme.pem", folder / "kme.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.stopped = True
        self.server.shutdown()
        self.server.server_close()

    def reply(self, path, body):
        self.requests.append((path, body))
        if self.answer:
            return self.answer
        if path != PATH or body.get("size") != 256:
            return 400, json.dumps({"message": "no such SAE or size", "details": []})
        new = [os.urandom(32) for _ in range(body["number"])]
        self.keys += new
        keys = [
            {"key_ID": f"{len(self.keys)}-{n}", "key": base64.b64encode(key).decode()}
            for n, key in enumerate(new)
        ]
        return 200, json.dumps({"keys": keys})

    def handler(self):
        kme = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if kme.stopped:  # a connection that outlived the listener
                    self.close_connection = True
                    return
                length = int(self.headers["Content-Length"])
                status, text = kme.reply(self.path, json.loads(self.rfile.read(length)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        return Handler
