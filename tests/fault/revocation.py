"""Kills in the middle of a large revocation and of the lists that follow: finished once, no number used twice."""

import contextlib
import hashlib
import http.client
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from certmill import Refused


def fetch(instance, path):
    c = http.client.HTTPConnection("localhost", instance.base + 80, timeout=10)
    try:
        c.request("GET", path)
        r = c.getresponse()
        body = r.read()
        return body if r.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        c.close()


def text_of(der):
    with tempfile.NamedTemporaryFile(suffix=".crl") as f:
        f.write(der)
        f.flush()
        return subprocess.run(["openssl", "crl", "-inform", "DER", "-in", f.name, "-noout", "-text"], capture_output=True, text=True, check=True, timeout=60).stdout


class Watcher(threading.Thread):
    """Every list that is seen, by its number."""

    def __init__(self, instance, ca):
        super().__init__(daemon=True)
        self.instance, self.ca = instance, ca
        self.over = threading.Event()
        self.seen, self.wrong, self.last = {}, [], 0

    def look(self):
        der = fetch(self.instance, f"/crl/{self.ca}.crl")
        if der is None:
            return None
        text = text_of(der)
        number = int(re.search(r"X509v3 CRL Number: \n\s+(\w+)", text)[1], 0)
        digest = hashlib.sha256(der).hexdigest()
        if self.seen.setdefault(number, digest) != digest:
            self.wrong.append(f"two lists of number {number}")
        if number < self.last:
            self.wrong.append(f"number {number} behind {self.last}")
        self.last = max(self.last, number)
        return set(re.findall(r"Serial Number: ([0-9A-F]+)", text))

    def run(self):
        while not self.over.wait(0.1):
            self.look()


def kill(instance, *kinds):
    for kind in kinds:
        for pid in instance.children(kind):
            os.kill(pid, signal.SIGKILL)


def ask(revoker, batch_id):
    """Until it is said to be revoked: an answer that was lost is asked for again, and then it is revoked already."""
    while revoker.patient("GET", f"/batches/{batch_id}")["status"] != "revoked":
        with contextlib.suppress(Refused):
            revoker.patient("POST", f"/batches/{batch_id}/revoke", body={"reason": "superseded"})


def check(checks, instance, client, revoker, profile, order, size, dice):
    batch = order(client, profile, "revocation", size)
    client.settled(batch["id"], timeout_s=120)
    serials = [r["serial_number"] for r in client.items(batch["id"]) if r["serial_number"]]
    ca = client.request("GET", f"/certificates/{serials[0]}")["ca_id"]
    watcher = Watcher(instance, ca)
    watcher.start()
    with checks.step(f"web, worker and status killed while {size} certificates are revoked: all are, once"):
        revoked = threading.Thread(target=lambda: ask(revoker, batch["id"]))
        revoked.start()
        for _ in range(4):
            time.sleep(dice.uniform(0.02, 0.4))
            kill(instance, *dice.sample(("web", "worker", "status"), 2))
        revoked.join(60)
        end = time.monotonic() + 60
        while client.patient("GET", f"/batches/{batch['id']}")["status"] != "revoked" and time.monotonic() < end:
            time.sleep(0.1)
        while time.monotonic() < end:
            left = client.patient("GET", f"/certificates?batch_id={batch['id']}&status=issued&limit=1")
            if not left["items"]:
                break
            time.sleep(0.1)
        assert not left["items"], left
    with checks.step("status killed while lists are made: the list is complete, no number came twice, none fell"):
        end = time.monotonic() + 90
        listed = set()
        while time.monotonic() < end:
            if dice.random() < 0.3 and time.monotonic() < end - 60:
                time.sleep(dice.uniform(0.01, 0.3))
                kill(instance, "status")
            listed = watcher.look() or listed
            if set(serials) <= listed and time.monotonic() > end - 60:
                break
            time.sleep(0.2)
        watcher.over.set()
        watcher.join(10)
        assert set(serials) <= listed, f"{len(set(serials) - listed)} of {len(serials)} are not on the list"
        assert not watcher.wrong, watcher.wrong
        print(f"     {len(watcher.seen)} lists seen")
