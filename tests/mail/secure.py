"""Mail over TLS, with a name and a password: smtps, STARTTLS, a server that is not the one it says to be."""

import os
import re
import ssl
import subprocess
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from certmill import Client

NAME, PASSWORD = "certmill", "s3cret of the mail server"


class Box:
    """Mails with how they came, and every name and password that was tried."""

    def __init__(self):
        self.mails, self.tried = [], []

    async def handle_DATA(self, _server, session, envelope):
        self.mails.append((list(envelope.rcpt_tos), session.ssl is not None, session.authenticated))
        return "250 Message accepted"

    def check(self, _server, _session, _envelope, _mechanism, data):
        said = (data.login.decode(), data.password.decode())
        self.tried.append(said)
        return AuthResult(success=said == (NAME, PASSWORD), handled=False)

    def wait(self, to, timeout_s=20):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for m in self.mails:
                if m[0] == [to]:
                    return m
            time.sleep(0.05)
        raise AssertionError(f"no mail to {to} after {timeout_s} s; there are {self.mails}")


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_ca(folder, name):
    """A CA and a certificate of it for localhost."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", cwd=folder)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", f"{name}-server.key", "-out", f"{name}.csr", cwd=folder)
    with open(os.path.join(folder, f"{name}.ext"), "w", encoding="ascii") as f:
        f.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}.pem", "-CAkey", f"{name}.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{name}.ext", "-out", f"{name}-server.pem", cwd=folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, f"{name}-server.pem"), os.path.join(folder, f"{name}-server.key"))
    return os.path.join(folder, f"{name}.pem"), context


def secure(it, checks):
    """`it` runs; it is told of other servers, one after another."""
    folder = os.path.join(it.parent, "mail-tls")
    os.mkdir(folder)
    ca, context = make_ca(folder, "right")
    other_ca, _ = make_ca(folder, "wrong")
    password_file = os.path.join(folder, "password")
    conf = os.path.join(it.dir, "certmill.conf")
    numbers = iter(range(1000))

    def password_is(text):
        with open(password_file, "w", encoding="utf-8") as f:
            f.write(text + "\n")

    def told(server, **more):
        """Restarted with these settings."""
        it.stop()
        with open(conf, encoding="utf-8") as f:
            text = f.read()
        lines = "".join(f"{k} = {v}\n" for k, v in {"server": server, "from": "certmill@mail.example", **more}.items())
        with open(conf, "w", encoding="utf-8") as f:
            f.write(re.sub(r"\[mail\]\n(?:[a-z_]+ *=.*\n)*", f"[mail]\n{lines}", text))
        it.start()

    def mailed():
        """Makes an account; the address its mail goes to."""
        n = next(numbers)
        to = f"secure{n}@mail.example"
        Client(it, "organization_admin").request("POST", "/users", 201, body={"username": f"secure{n}", "full_name": "S", "email": to, "role": "viewer"})
        return to

    def refused(why, timeout_s=20):
        """The log says that a mail was refused, and why."""
        begin = len(it.log())

        def look():
            end = time.monotonic() + timeout_s
            while time.monotonic() < end:
                for line in it.log()[begin:].splitlines():
                    if "mail.refused" in line and re.search(why, line, re.I):
                        return
                time.sleep(0.05)
            raise AssertionError(f"nothing was refused for {why}: {it.log()[begin:]}")
        return look

    def arrived(box, to):
        """How it came; what the log says about mail where it did not."""
        try:
            return box.wait(to)
        except AssertionError as e:
            said = [line for line in it.log().splitlines() if "mail" in line][-5:]
            raise AssertionError(f"{e}; {said}") from None

    def serve(box, **more):
        c = Controller(box, hostname="localhost", port=0, authenticator=box.check, **more)
        c.port = free_port()
        c.start()
        return c

    def free_port():
        import socket
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    password_is(PASSWORD)
    box = Box()
    server = serve(box, ssl_context=context, auth_required=True, auth_require_tls=False)
    account = {"user": NAME, "password_file": password_file, "ca": ca}
    with checks.step("smtps with a CA of one's own, a name and a password from a file"):
        told(f"smtps://localhost:{server.port}", **account)
        to = mailed()
        assert arrived(box, to)[2], "without a password"
        assert box.tried and set(box.tried) == {(NAME, PASSWORD)}, box.tried
        assert PASSWORD not in it.log(), "the log has the password"
    with checks.step("a wrong password is refused; the right one is read anew for the next mail"):
        password_is("something else")
        look = refused("login|denied|auth|535")
        lost = mailed()
        look()
        password_is(PASSWORD)
        arrived(box, mailed())
        assert not [m for m in box.mails if m[0] == [lost]]
    with checks.step("a server whose certificate is of another CA gets neither mail nor password"):
        box.mails.clear()
        box.tried.clear()
        told(f"smtps://localhost:{server.port}", **{**account, "ca": other_ca})
        look = refused("certificate|SSL|TLS")
        mailed()
        look()
        assert not box.mails and not box.tried, (box.mails, box.tried)
    with checks.step("nor one that is called something else"):
        told(f"smtps://127.0.0.1:{server.port}", **account)
        look = refused("certificate|SSL|subject name|match|127.0.0.1")
        mailed()
        look()
        assert not box.mails and not box.tried, (box.mails, box.tried)
    server.stop()

    box = Box()
    server = serve(box, tls_context=context, require_starttls=True, auth_required=True)
    with checks.step("STARTTLS, then the name and the password"):
        told(f"smtp://localhost:{server.port}", **account)
        to = mailed()
        _, tls, authenticated = arrived(box, to)
        assert tls and authenticated
        assert set(box.tried) == {(NAME, PASSWORD)}
    with checks.step("STARTTLS to a server of another CA: refused before the password"):
        box.mails.clear()
        box.tried.clear()
        told(f"smtp://localhost:{server.port}", **{**account, "ca": other_ca})
        look = refused("certificate|SSL|TLS")
        mailed()
        look()
        assert not box.mails and not box.tried, (box.mails, box.tried)
    server.stop()

    box = Box()
    server = serve(box, auth_require_tls=False)
    with checks.step("a server that has stopped offering TLS does not learn the password"):
        told(f"smtp://localhost:{server.port}", **account)
        look = refused("SSL|TLS|encrypt")
        mailed()
        look()
        assert not box.mails and not box.tried, (box.mails, box.tried)
    with checks.step("tls_required without a name: no mail in the clear"):
        told(f"smtp://localhost:{server.port}", ca=ca, tls_required="yes")
        look = refused("SSL|TLS|encrypt")
        mailed()
        look()
        assert not box.mails
    server.stop()
