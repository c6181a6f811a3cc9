// Second factors: an invitation by mail, an admin certificate by it, passkeys; and what ends them.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../lib/client.ts";
import type { DemoUser } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { as, openssl, world } from "../lib/world.ts";

const password = "a long enough password 7";

/** The newest mail to that address, as text; the demo keeps mails as files. */
async function mail(to: string, want: RegExp): Promise<string> {
	const dir = join(world.instance.dir, "mail");
	for (const end = Date.now() + 20_000; ; ) {
		for (const name of readdirSync(dir).sort().reverse()) {
			const raw = readFileSync(join(dir, name), "utf8");
			const [head, ...rest] = raw.split(/\r?\n\r?\n/);
			const text = rest.join("\n\n");
			const body = /base64/i.test(head ?? "") ? Buffer.from(text, "base64").toString() : text.replace(/=\r?\n/g, "").replace(/=3D/g, "=");
			if (raw.includes(to) && want.test(body)) return body;
		}
		if (Date.now() > end) throw new Error(`no mail to ${to} with ${want}`);
		await new Promise((r) => setTimeout(r, 200));
	}
}

const linkOf = (text: string, before: RegExp) => new RegExp(`${before.source}([0-9a-f]{64})`).exec(text)?.[1] ?? "";
const invitation = /\/enrol\//;
const reset = /\/reset-password\?token=/;

interface Person {
	id: number;
	user: DemoUser;
	email: string;
}

/** A new orderer of the first organization, invited in the mail that tells of the account. */
async function person(more: object = {}): Promise<Person & { token: string }> {
	const username = `factor-${randomBytes(4).toString("hex")}`;
	const email = `${username}@demo.example`;
	const u = (await as("organization_admin").call("createUser", 201, { json: { username, full_name: "Fay Factor", email, role: "orderer", invite: true, ...more } })).body;
	const token = linkOf(await mail(email, invitation), invitation);
	assert.equal(token.length, 64);
	const user = { ...world.instance.user("orderer"), username, password, token: "" };
	return { id: u.id, user, email, token };
}

async function setPassword(p: Person): Promise<void> {
	const c = new Client(world.instance);
	await c.call("requestPasswordReset", 202, { json: { username: p.user.username } });
	await c.call("resetPassword", 204, { path: { token: linkOf(await mail(p.email, reset), reset) }, json: { password } });
}

async function logIn(p: Person, cert: string, key: string, expect: number): Promise<Client> {
	const c = new Client(world.instance, p.user, "nothing");
	const first = (await c.call("createSession", 200, { json: { username: p.user.username, password } })).body;
	assert.equal(first.next, "client_certificate");
	const step = new Client(world.instance);
	const url = new URL(first.url);
	Object.defineProperty(step, "origin", { value: url.origin });
	Object.assign(step.tls, { cert, key });
	for (const [k, v] of c.cookies) step.cookies.set(k, v);
	c.takeCookies(await step.send("GET", url.pathname + url.search, expect));
	return c;
}

scenario("invited: a certificate for a key made elsewhere, registered, good for the log-in, revocable", async () => {
	const p = await person();
	const c = new Client(world.instance);
	const path = { token: p.token };
	const what = (await c.call("getEnrolment", 200, { path })).body;
	assert.deepEqual([what.username, what.certificate, what.passkey], [p.user.username, true, false]);
	assert.equal(what.organization, world.instance.user("orderer").organization);
	await setPassword(p);

	for (const json of [{}, { csr: "nonsense" }, { csr: "x", pkcs12_password: "y" }, { pkcs12_password: "short" }, { surprise: 1 }]) await c.call("enrol", 422, { path, json });
	await c.call("enrol", 404, { path: { token: "0".repeat(64) }, json: { pkcs12_password: password } });
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
	const csr = openssl(["req", "-new", "-key", "key.pem", "-subj", "/CN=somebody else"], { "key.pem": key }).toString();
	const leaked = await c.call("enrol", 422, { path, json: { csr: csr + key } });
	assert.match(JSON.stringify(leaked.body), /private key/i);
	const done = (await c.call("enrol", 201, { path, json: { csr } })).body;
	const x = new X509Certificate(done.pem);
	assert.match(x.subject, new RegExp(`CN=${p.user.username}$`));
	assert.equal(done.pkcs12, null);
	assert.equal(createHash("sha256").update(x.raw).digest("hex"), done.certificate.sha256);
	assert.ok(x.verify(new X509Certificate(done.chain_pem).publicKey));
	assert.equal((await c.call("enrol", 201, { path, json: { csr } })).body.certificate.sha256, done.certificate.sha256, "the same request again");
	await c.call("enrol", 404, { path, json: { pkcs12_password: password } });
	await c.call("getEnrolment", 404, { path });

	const session = await logIn(p, done.pem, key, 303);
	assert.equal((await session.call("getMe", 200)).body.username, p.user.username);
	const admin = as("organization_admin");
	const listed = (await admin.call("listUserCertificates", 200, { path: { user_id: p.id } })).body.items;
	assert.deepEqual(listed.map((l) => l.sha256), [done.certificate.sha256]);
	await admin.call("revokeUserCertificate", 204, { path: { user_id: p.id, sha256: done.certificate.sha256 } });
	await session.call("getMe", 401);
	await logIn(p, done.pem, key, 401);
	const log = (await as("auditor").call("listAudit", 200, { query: { object: `user ${p.id}` } })).body.items.map((l) => l.action);
	for (const action of ["user.created", "user.certificate_enrolled", "user.certificate_revoked"]) assert.ok(log.includes(action), `${action} among ${log}`);
}, { short: true });

scenario("invited: a PKCS#12 file with a key made here opens the log-in", async () => {
	const p = await person();
	await setPassword(p);
	const done = (await new Client(world.instance).call("enrol", 201, { path: { token: p.token }, json: { pkcs12_password: password } })).body;
	assert.equal(done.file_name, `${p.user.username}.p12`);
	const pem = openssl(["pkcs12", "-in", "u.p12", "-nodes", "-passin", `pass:${password}`], { "u.p12": Buffer.from(done.pkcs12 ?? "", "base64") }).toString();
	const key = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(pem)?.[0] ?? "";
	await (await logIn(p, done.pem, key, 303)).call("getMe", 200);
});

scenario("invitations: listed, replaced, withdrawn; another organization's user is none", async () => {
	const p = await person();
	const admin = as("organization_admin");
	const path = { user_id: p.id };
	const first = (await admin.call("listInvitations", 200, { path })).body.items;
	assert.equal(first.length, 1);
	const second = (await admin.call("inviteUser", 201, { path })).body;
	const now = (await admin.call("listInvitations", 200, { path })).body.items;
	assert.deepEqual(now.map((i) => i.id), [second.id]);
	await new Client(world.instance).call("getEnrolment", 404, { path: { token: p.token } });
	await as("organization_admin", true).call("inviteUser", 404, { path });
	await as("organization_admin", true).call("listInvitations", 404, { path });
	await as("viewer").call("inviteUser", 403, { path });
	await admin.call("withdrawInvitation", 204, { path: { ...path, invitation_id: second.id } });
	await admin.call("withdrawInvitation", 404, { path: { ...path, invitation_id: second.id } });
	await admin.call("changeUser", 200, { path, json: { status: "disabled" } });
	await admin.call("inviteUser", 409, { path });
});

// ---- an authenticator in software (WebAuthn level 2) ----

const b64 = (b: Uint8Array) => Buffer.from(b).toString("base64url");

class Authenticator {
	readonly id = randomBytes(32);
	readonly pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
	readonly #rp: string;
	#count = 0;

	constructor(rp: string) {
		this.#rp = rp;
	}

	#data(flags: number, more: Buffer = Buffer.alloc(0)): Buffer {
		const count = Buffer.alloc(4);
		count.writeUInt32BE(this.#count++);
		return Buffer.concat([createHash("sha256").update(this.#rp).digest(), Buffer.from([flags]), count, more]);
	}

	#client(type: string, challenge: string, origin: string): Buffer {
		return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
	}

	create(challenge: string, origin: string): { client_data_json: string; authenticator_data: string } {
		const jwk = this.pair.publicKey.export({ format: "jwk" });
		const cose = Buffer.concat([Buffer.from("a5010203262001215820", "hex"), Buffer.from(jwk.x ?? "", "base64url"), Buffer.from("225820", "hex"), Buffer.from(jwk.y ?? "", "base64url")]);
		const length = Buffer.from([0, this.id.length]);
		return { client_data_json: b64(this.#client("webauthn.create", challenge, origin)), authenticator_data: b64(this.#data(0x45, Buffer.concat([Buffer.alloc(16), length, this.id, cose]))) };
	}

	get(challenge: string, origin: string): { credential_id: string; client_data_json: string; authenticator_data: string; signature: string } {
		const client = this.#client("webauthn.get", challenge, origin);
		const data = this.#data(0x05);
		const signature = sign("sha256", Buffer.concat([data, createHash("sha256").update(client).digest()]), this.pair.privateKey);
		return { credential_id: b64(this.id), client_data_json: b64(client), authenticator_data: b64(data), signature: b64(signature) };
	}
}

scenario("passkeys: by invitation, in place of the certificate, where the organization allows them", async () => {
	const admin = as("organization_admin");
	const organization_id = (await admin.call("getMe", 200)).body.organization?.id ?? 0;
	const settings = (await admin.call("getSecuritySettings", 200, { path: { organization_id } })).body;
	const origin = world.instance.demo.portal_url.replace(/\/+$/, "");
	const p = await person();
	const c = new Client(world.instance);
	const path = { token: p.token };
	await setPassword(p);
	await c.call("enrolmentPasskeyOptions", 409, { path });
	await admin.call("setSecuritySettings", 200, { path: { organization_id }, json: { ...settings, passkeys: true } });
	try {
		assert.equal((await c.call("getEnrolment", 200, { path })).body.passkey, true);
		const options = (await c.call("enrolmentPasskeyOptions", 200, { path })).body;
		const key = new Authenticator(options.rp_id);
		await c.call("enrolPasskey", 422, { path, json: { name: "x", ...key.create(options.challenge, "https://evil.example") } });
		await c.call("enrolPasskey", 422, { path, json: { name: "x", ...key.create(b64(randomBytes(32)), origin) } });
		await c.call("enrolPasskey", 422, { path, json: { name: "x", client_data_json: "!", authenticator_data: "AAAA" } });
		await c.call("enrolPasskey", 201, { path, json: { name: "phone", ...key.create(options.challenge, origin) } });
		await c.call("enrolPasskey", 404, { path, json: { name: "phone", ...key.create(options.challenge, origin) } });

		const step = async () => {
			const s = new Client(world.instance, p.user, "nothing");
			const first = (await s.call("createSession", 200, { json: { username: p.user.username, password } })).body;
			assert.equal(first.next, "passkey");
			assert.ok(first.passkey);
			return { s, challenge: first.passkey.challenge };
		};
		const wrong = await step();
		await wrong.s.call("presentPasskey", 401, { json: new Authenticator(options.rp_id).get(wrong.challenge, origin) });
		await wrong.s.call("presentPasskey", 401, { json: key.get(wrong.challenge, origin) });
		const other = await step();
		await other.s.call("presentPasskey", 401, { json: key.get(b64(randomBytes(32)), origin) });
		const { s, challenge } = await step();
		await s.call("presentPasskey", 204, { json: key.get(challenge, origin) });
		assert.equal((await s.call("getMe", 200)).body.username, p.user.username);

		// A second one, in the session; a token must not.
		const more = (await s.call("passkeyOptions", 200)).body;
		assert.equal(more.exclude.length, 1);
		const second = (await s.call("createPasskey", 201, { json: { name: "blue key", ...new Authenticator(more.rp_id).create(more.challenge, origin) } })).body;
		assert.deepEqual((await s.call("listPasskeys", 200)).body.items.map((k) => k.name).sort(), ["blue key", "phone"]);
		await s.call("deletePasskey", 204, { path: { passkey_id: second.id } });
		await s.call("getMe", 401);
		const again = await step();
		await again.s.call("presentPasskey", 204, { json: key.get(again.challenge, origin) });
		const listed = (await admin.call("listUserPasskeys", 200, { path: { user_id: p.id } })).body.items;
		assert.equal(listed.length, 1);
		await as("organization_admin", true).call("listUserPasskeys", 404, { path: { user_id: p.id } });

		await admin.call("setSecuritySettings", 200, { path: { organization_id }, json: { ...settings, passkeys: false } });
		await again.s.call("getMe", 401);
		await admin.call("revokeUserPasskey", 204, { path: { user_id: p.id, passkey_id: listed[0]?.id ?? "" } });
	} finally {
		await admin.call("setSecuritySettings", 200, { path: { organization_id }, json: settings });
	}
});

scenario("security settings: the length of passwords, the life of invitations", async () => {
	const admin = as("organization_admin", true);
	const path = { organization_id: (await admin.call("getMe", 200)).body.organization?.id ?? 0 };
	const settings = (await admin.call("getSecuritySettings", 200, { path })).body;
	for (const more of [{ password_min_length: 8 }, { password_min_length: 1000 }, { invitation_days: 0 }, { invitation_days: 365 }]) await admin.call("setSecuritySettings", 422, { path, json: { ...settings, ...more } });
	await admin.call("setSecuritySettings", 422, { path, json: { passkeys: false } });
	const kept = (await admin.call("setSecuritySettings", 200, { path, json: { approval_above: settings.approval_above, passkeys: settings.passkeys, password_min_length: 16 } })).body;
	assert.deepEqual([kept.password_min_length, kept.invitation_days], [16, settings.invitation_days]);
	await admin.call("setSecuritySettings", 200, { path, json: settings });
	const ops = as("operator");
	const instance = (await ops.call("getSecuritySettings", 200, { path: { organization_id: 0 } })).body;
	assert.equal(instance.approval_above, null);
	await ops.call("setSecuritySettings", 200, { path: { organization_id: 0 }, json: instance });
	await ops.call("setSecuritySettings", 422, { path: { organization_id: 0 }, json: { ...instance, approval_above: 5 } });
	await admin.call("getSecuritySettings", 404, { path: { organization_id: 0 } });
});
