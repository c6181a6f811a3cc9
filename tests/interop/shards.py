"""Certificates that point at a part of a list, and holds: the list that each names, in other people's hands."""

import json
import os
import re

from certmill import PROGRAM, ROOT, Refused
from status import java, revoked_in, run, until

PROFILE = 8910
CA = "idevid-ca1"


def admin(instance, *words):
    run(PROGRAM, *words[:2], *words[2:], "--dir", instance.dir)


def configure(instance, shards):
    """Stops it and starts it again with these numbers of shards; changes that come often are in the delta alone."""
    instance.stop()
    path = os.path.join(instance.dir, "signer", "signer.conf")
    with open(path, encoding="utf8") as f:
        text = re.sub(r"\n\[ca idevid-ca1\]\nshards = .*\n", "", f.read())
    with open(path, "w", encoding="utf8") as f:
        f.write(f"{text}\n[ca {CA}]\nshards = {shards}\n")
    path = os.path.join(instance.dir, "certmill.conf")
    with open(path, encoding="utf8") as f:
        text = f.read()
    if "crl_delta_above" not in text:
        with open(path, "w", encoding="utf8") as f:
            f.write(text.replace("[status]\n", "[status]\ncrl_delta_above = 0\n"))
    instance.start()


def profile_make(instance, work):
    with open(os.path.join(ROOT, "profiles", "idevid", "idevid.json"), encoding="utf8") as f:
        document = json.load(f)
    document.update(id=PROFILE, name="Relying parties: shards and holds", version=1)
    document["extensions"] += [
        {"type": "crlDistributionPoints", "uris": ["{public_url}/crl/{ca}/{shard}.crl"]},
        {"type": "authorityInfoAccess", "ocsp": ["{public_url}/ocsp"]}]
    document["revocation"]["hold"] = True
    path = os.path.join(work, "shards.json")
    with open(path, "w", encoding="utf8") as f:
        json.dump(document, f)
    organization = instance.user("orderer")["organization"]
    admin(instance, "profile", "import", path)
    admin(instance, "profile", "activate", str(PROFILE))
    admin(instance, "quota", "grant", organization, str(PROFILE))
    admin(instance, "quota", "top-up", organization, str(PROFILE), "100", "--reason", "relying parties")


class Device:
    def __init__(self, party, orderer, serial):
        self.party, self.serial = party, serial
        self.path = party.file(f"{serial}.pem", orderer.request("GET", f"/certificates/{serial}.pem"))
        text = run("openssl", "x509", "-in", self.path, "-noout", "-ext", "crlDistributionPoints")
        self.url = re.search(r"URI:(\S+)", text)[1]
        self.shard = int(re.search(r"/(\d+)\.crl$", self.url)[1])

    def list(self):
        """The list that it points at, as a file, and its text."""
        status, body, _ = self.party.get(self.url[self.url.index("/crl/"):])
        assert status == 200, status
        path = self.party.file(f"shard{self.shard}.crl", body)
        return path, self.party.crl_text(path)


def devices(party, orderer, name, size, first):
    batch = orderer.request("POST", "/batches", 201, body=orderer.form({"id": PROFILE}, name, size, first))["id"]
    orderer.settled(batch)
    orderer.request("GET", f"/batches/{batch}/download")
    rows = orderer.request("GET", f"/certificates?batch_id={batch}&limit=100")["items"]
    return [Device(party, orderer, row["serial_number"]) for row in rows]


def openssl(device):
    """OpenSSL fetches the list by itself."""
    words = ("openssl", "verify", "-CAfile", device.party.root, "-untrusted", device.party.chain, "-crl_check", "-crl_download")
    return run(*words, device.path, expect=None)


def certtool(device):
    path, _ = device.list()
    pem = device.party.file("shard.pem", run("openssl", "crl", "-inform", "DER", "-in", path))
    lists = "".join(run("openssl", "crl", "-inform", "DER", "-in", p) for p in device.party.lists()[1:])
    with open(pem, encoding="ascii") as f:
        both = device.party.file("shards.pem", f.read() + lists)
    return run("certtool", "--verify", "--infile", device.path, "--load-ca-certificate", device.party.chain, "--load-crl", both, expect=None)


def checker(device):
    return java(device.party, "crl", device.path, device.list()[0], *device.party.lists()[1:])


def check(checks, instance, orderer, revoker, party):
    with checks.step("shards: one at first; certificates point at its list, which names itself"):
        configure(instance, "1")
        profile_make(instance, party.work)
        old = devices(party, orderer, "one shard", 4, 0x001A2B710000)
        assert {d.shard for d in old} == {0}
        until(lambda: party.get(f"/crl/{party.ca}/0.crl")[0] == 200, 20)
        text = old[0].list()[1]
        assert "verify OK" in text and re.search(r"Issuing Distribution Point: critical\s+Full Name:\s+URI:" + re.escape(old[0].url), text), text[:900]
        assert party.get(f"/crl/{party.ca}/1.crl")[0] == 404
    with checks.step("shards: then four; new certificates are spread over them, old ones stay where they were"):
        configure(instance, "1 4")
        admin(instance, "ca", "shards", CA, "4")
        still = devices(party, orderer, "before the workers", 2, 0x001A2B711000)
        instance.stop()
        instance.start()
        new = devices(party, orderer, "four shards", 24, 0x001A2B712000)
        assert {d.shard for d in new} == {0, 1, 2, 3}, "24 serial numbers over four shards"
        assert all(d.shard == int(d.serial[-4:], 16) % 4 for d in new)
        until(lambda: all(party.get(f"/crl/{party.ca}/{n}.crl")[0] == 200 for n in range(4)), 20)
        away = [d for d in old + still if int(d.serial[-4:], 16) % 4 != 0]
        moved = away[0] if away else old[0]
    first = next(d for d in new if d.shard == 3)
    other = next(d for d in new if d.shard == 3 and d is not first)
    with checks.step("shards: OpenSSL that fetches by the pointer, certtool and Java say good"):
        for d in (first, moved):
            assert d.path + ": OK" in openssl(d), openssl(d)
            text = certtool(d)
            assert "Chain verification output: Verified" in text, text
            assert checker(d).strip() == "valid", checker(d)
    with checks.step("shards: a revocation stands in its shard's list and in no other's"):
        gone = [first.serial, moved.serial]
        revoker.request("POST", "/certificates/revoke", body={"serial_numbers": gone, "reason": "superseded"})
        until(lambda: first.serial in revoked_in(first.list()[1]) and moved.serial in revoked_in(moved.list()[1]), 30)
        for n in range(4):
            device = next(d for d in new if d.shard == n)
            expect = {d.serial for d in (first, moved) if d.shard == n}
            # What others have revoked before may be there as well.
            assert revoked_in(device.list()[1]) & set(gone) == expect, n
    with checks.step("shards: OpenSSL, certtool and Java refuse the revoked ones, old and new"):
        for d in (first, moved):
            assert "certificate revoked" in openssl(d)
            assert "revoked" in certtool(d)
            assert "REVOKED" in checker(d)
        assert other.path + ": OK" in openssl(other)
        pem = party.file("wrong.pem", run("openssl", "crl", "-inform", "DER", "-in", next(d for d in new if d.shard == 1).list()[0]))
        text = run("openssl", "verify", "-CAfile", party.root, "-untrusted", party.chain, "-crl_check", "-CRLfile", pem, other.path, expect=2)
        assert "different CRL scope" in text, text
    hold(checks, orderer, revoker, party, other)
    with checks.step("shards: certmill check finds nothing"):
        run(PROGRAM, "check", "--dir", instance.dir)


def delta(party):
    status, body, _ = party.get(f"/crl/{party.ca}.delta.crl")
    assert status == 200, status
    return party.crl_text(party.file("delta.crl", body))


def entry(text, serial):
    """What a list says about one, "" for nothing."""
    found = re.search(rf"Serial Number: {serial}\n(.*?)(?=\n    Serial Number:|\n    Signature|\Z)", text, re.S)
    return found[1] if found else ""


def hold(checks, orderer, revoker, party, device):
    body = {"serial_numbers": [device.serial], "reason": "certificate_hold"}
    with checks.step("hold: refused where the profile does not allow it"):
        plain = orderer.profiles()["ec"]
        batch = orderer.request("POST", "/batches", 201, body=orderer.form(plain, "no holds", 1, 0x001A2B713000))["id"]
        orderer.settled(batch)
        serial = orderer.items(batch)[-1]["serial_number"]
        try:
            revoker.request("POST", "/certificates/revoke", body={**body, "serial_numbers": [serial]})
        except Refused as e:
            assert e.status == 422 and b"certificate_hold" in e.body, e
        else:
            raise AssertionError("a hold where none is allowed")
    with checks.step("hold: certificateHold in OCSP, in the shard's list and in the delta; refused by OpenSSL"):
        revoker.request("POST", "/certificates/revoke", body=body)
        until(lambda: party.openssl(device.path, "-no_nonce")[0] == "revoked", 2)
        assert "Reason: certificateHold" in party.openssl(device.path)[1]
        until(lambda: "Certificate Hold" in entry(device.list()[1], device.serial), 30)
        until(lambda: "Certificate Hold" in entry(delta(party), device.serial), 30)
        assert "certificate revoked" in openssl(device)
    with checks.step("hold: released, it is good in OCSP, leaves its list, and the delta says removeFromCRL"):
        revoker.request("POST", "/certificates/release", body={"serial_numbers": [device.serial]})
        until(lambda: party.openssl(device.path, "-no_nonce")[0] == "good", 2)
        until(lambda: entry(device.list()[1], device.serial) == "", 30)
        until(lambda: "Remove From CRL" in entry(delta(party), device.serial), 30)
        assert device.path + ": OK" in openssl(device)
        assert orderer.request("GET", f"/certificates/{device.serial}")["status"] == "issued"
    with checks.step("hold: made final, it cannot be released, nor get a weaker reason"):
        revoker.request("POST", "/certificates/revoke", body=body)
        revoker.request("POST", "/certificates/revoke", body={**body, "reason": "key_compromise", "invalid_since": "2026-01-02T03:04:05Z"})
        revoker.request("POST", "/certificates/release", 409, body={"serial_numbers": [device.serial]})
        said = revoker.request("POST", "/certificates/revoke", body={**body, "reason": "superseded"})
        assert said["revoked"] == 0, said
        said = revoker.request("POST", "/certificates/revoke", body=body)
        assert said["revoked"] == 0, said
        until(lambda: "Key Compromise" in entry(device.list()[1], device.serial), 30)
        assert re.search(r"Invalidity Date:\s+Jan  2 03:04:05 2026 GMT", device.list()[1]), device.list()[1]
        until(lambda: "Reason: keyCompromise" in party.openssl(device.path, "-no_nonce")[1], 2)
