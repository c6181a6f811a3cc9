// One organization's users against another's: ids, cursors and numbers that are not theirs, and files made to harm.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { zipSync } from "fflate";
import { settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, csr, csv, csvOrder, formOrder, freshMac, items, made, order, quota, rows, serials, world } from "../lib/world.ts";

const home = async (other = false) => (await as("viewer", other).call("getMe", 200)).body.organization?.id ?? 0;


scenario("ids in bodies: a profile that was not granted, another's users and organizations", async () => {
	const op = as("operator");
	const c = as("orderer", true);
	const organization_id = await home(true);
	// What is taken from the other organization, as if it never was there.
	const path = { organization_id, profile_id: world.small.id };
	await op.call("withdrawProfile", 204, { path });
	try {
		const says = async (profile_id: number) => (await c.call("createBatch", 422, { json: formOrder(world.ec, "not granted", 1, { profile_id }) })).body.errors;
		const mine = await says(world.small.id);
		assert.deepEqual(mine?.map((e) => e.field), ["profile_id"]);
		assert.deepEqual(mine, (await says(987654321)), "the text of a profile that there is not");
		const pair = { profile_id: undefined, profile_ids: [world.ec.id, world.small.id] };
		const both = (await c.call("createBatch", 422, { json: formOrder(world.ec, "not granted", 1, pair) })).body.errors;
		assert.ok(both?.some((e) => e.field?.startsWith("profile_id")), JSON.stringify(both));
		await c.call("createBatch", 422, { upload: { order: csvOrder(world.small, "not granted"), file: csv([freshMac()]) } });
		for (const id of ["getProfile", "getProfileChain", "getProfileTemplate"] as const) await c.call(id, 404, { path: { profile_id: world.small.id } });
		// Nor does an administrator give it to a user.
		const admin = as("organization_admin", true);
		const user = (await admin.call("listUsers", 200, { query: { username: world.instance.user("viewer", true).username } })).body.items[0];
		assert.ok(user);
		const member = { path: { user_id: user.id, organization_id } };
		for (const profile_ids of [[world.small.id], [987654321]]) {
			const r = await admin.call("setMembership", 422, { ...member, json: { role: "viewer", profile_ids } });
			assert.ok(r.body.errors?.some((e) => e.field?.startsWith("profile_ids")), JSON.stringify(r.body));
		}
		await admin.call("setMembership", 404, { path: { user_id: user.id, organization_id: await home() }, json: { role: "viewer" } });
		for (const role of ["operator", "auditor"] as const) await admin.call("setMembership", 422, { ...member, json: { role } });
	} finally {
		await op.call("grantProfile", 200, { path });
	}
});

scenario("ids in filters and cursors: nothing of another organization comes out of any list", async () => {
	for (const whose of [false, true]) await made(as("orderer", whose), world.ec, "one more", 1);
	const theirs = await made(as("orderer", true), world.ec, `theirs-${Date.now()}`, 2);
	const theirSerials = await serials(as("viewer", true), theirs.id);
	const organization_id = await home(true);
	for (const role of ["viewer", "organization_admin", "revoker"]) {
		const c = as(role);
		for (const query of [{ batch_id: theirs.id }, { organization_id }, { serial_number: theirSerials[0] }, { serial_number: theirSerials[0]?.slice(3, 20) }, { name: theirs.name }])
			assert.deepEqual((await c.call("listCertificates", 200, { query: query as never })).body.items, [], `${role} ${JSON.stringify(query)}`);
		for (const query of [{ id: theirs.id }, { organization_id }, { name: theirs.name }])
			assert.deepEqual((await c.call("listBatches", 200, { query: query as never })).body.items, [], `${role} ${JSON.stringify(query)}`);
	}
	// A cursor says where, not what: theirs leads on in our own list.
	for (const sort of ["-id", "name", "size", "status", "created_at"] as const) {
		const cursor = (await as("viewer", true).call("listBatches", 200, { query: { limit: 1, sort } })).body.next_cursor;
		assert.ok(cursor);
		const page = (await as("viewer").call("listBatches", 200, { query: { sort, cursor, limit: 1000 } })).body.items;
		assert.ok(page.every((b) => b.organization.id !== organization_id), sort);
	}
	for (const sort of ["-created_at", "serial_number", "batch_id"] as const) {
		const cursor = (await as("viewer", true).call("listCertificates", 200, { query: { limit: 1, sort } as never })).body.next_cursor;
		assert.ok(cursor);
		const mine = new Set((await as("viewer").call("listBatches", 200, { query: { limit: 1000 } })).body.items.map((b) => b.id));
		const page = (await as("viewer").call("listCertificates", 200, { query: { sort, cursor, limit: 1000 } as never })).body.items;
		assert.ok(page.every((x) => mine.has(x.batch_id)), sort);
	}
	const admin = as("organization_admin");
	assert.ok((await admin.call("listAudit", 200, { query: { object: `batch ${theirs.id}` } })).body.items.length === 0);
	assert.ok((await admin.call("listAudit", 200, { query: { organization_id } as never })).body.items.length === 0);
	assert.ok((await admin.call("listUsers", 200, { query: { organization_id } as never })).body.items.length === 0);
});

scenario("revocation: another's number among one's own refuses all of it, and tells nothing", async () => {
	const mine = await made(as("orderer"), world.ec, "mine", 2);
	const theirs = await made(as("orderer", true), world.ec, "theirs", 2);
	const c = as("revoker");
	const own = await serials(as("viewer"), mine.id);
	const [foreign = ""] = await serials(as("viewer", true), theirs.id);
	const unknown = "7".repeat(32);
	const refused = async (serial: string) => (await c.call("revokeCertificates", 422, { json: { serial_numbers: [...own, serial], reason: "superseded" } })).body;
	const a = await refused(foreign);
	const b = await refused(unknown);
	assert.ok(JSON.stringify(a.errors).includes(foreign), "it is named");
	assert.equal(JSON.stringify([a.code, a.detail, a.errors]).replaceAll(foreign, "X"), JSON.stringify([b.code, b.detail, b.errors]).replaceAll(unknown, "X"), "as one that there is not");
	await c.call("revokeCertificates", 422, { json: { serial_numbers: own, reason: "privilege_withdrawn" } });
	const list = await c.call("revokeCertificateList", 422, { upload: { order: { reason: "superseded" }, file: `serial_number\r\n${[...own, foreign].join("\r\n")}\r\n` } });
	assert.ok(JSON.stringify(list.body.errors).includes(foreign));
	assert.equal((await c.call("revokeCertificates", 200, { query: { dry_run: true }, json: { filter: { batch_id: theirs.id }, reason: "superseded" } })).body.certificates, 0);
	for (const [id, batch, other] of [[as("viewer"), mine, false], [as("viewer", true), theirs, true]] as const) {
		assert.equal((await id.call("getBatch", 200, { path: { batch_id: batch.id } })).body.revoked, 0, "nothing was revoked");
		assert.ok((await serials(as("viewer", other), batch.id)).length === 2);
	}
});

scenario("text filters: % and _ and backslashes mean themselves, quotes and comments mean nothing", async () => {
	const c = as("orderer");
	const stamp = `w${Date.now()}`;
	for (const name of [`${stamp} 100% a`, `${stamp} a_b`, `${stamp} a\\b`, `${stamp} it's; --`]) await settled(c, (await order(c, formOrder(world.ec, name, 1))).id);
	const found = async (name: string) => (await c.call("listBatches", 200, { query: { name } })).body.total;
	for (const [part, count] of [[`${stamp} 100%`, 1], [`${stamp} %`, 0], [`${stamp} a_`, 1], [`${stamp} a__`, 0], [`${stamp} a\\`, 1], [`${stamp} \\`, 0], [`${stamp} it's; --`, 1], [`${stamp}' OR 1=1 --`, 0], [stamp.toUpperCase(), 4]] as const)
		assert.equal(await found(part), count, part);
	const everything = (await c.call("listCertificates", 200, { query: { limit: 1 } })).body.total ?? 0;
	assert.ok(everything > 0);
	for (const query of [{ subject: "%" }, { subject: "C_=" }, { serial_number: "%" }, { serial_number: "_" }, { name: `${stamp}%` }])
		assert.equal((await c.call("listCertificates", 200, { query: query as never })).body.items.length, 0, JSON.stringify(query));
	const admin = as("organization_admin");
	for (const username of ["%", "_", "\\", "' OR ''='"]) assert.equal((await admin.call("listUsers", 200, { query: { username } })).body.items.length, 0, username);
	for (const query of [{ user: "%" }, { user: "_" }, { action: "%" }, { action: "batch_" }]) assert.equal((await admin.call("listAudit", 200, { query: query as never })).body.items.length, 0, JSON.stringify(query));
});

scenario("tables for spreadsheets: no cell that a user wrote is a formula", async () => {
	const c = as("orderer");
	const name = "=HYPERLINK(\"http://evil.example\")";
	const b = await made(c, world.ec, name, 1);
	const cells = (text: string) => rows(text).flatMap((r) => Object.values(r));
	const { unzipSync } = await import("fflate");
	const files = unzipSync((await c.send("GET", `/api/v1/batches/${b.id}/download`, 200)).raw);
	const manifest = cells(Buffer.from(files["manifest.csv"] as Uint8Array).toString());
	assert.ok(manifest.some((x) => x.includes("HYPERLINK")));
	const audit = cells((await as("auditor").call("exportAudit", 200, { query: { object: `batch ${b.id}` } })).raw.toString());
	for (const cell of [...manifest, ...audit]) assert.ok(!/^[=+@\t\r\n-]/.test(cell), cell);
});

/** A ZIP whose one member says to be something else than it is. */
function zipOf(name: string, data: Buffer, size: number, more: Partial<{ mode: number }> = {}): Buffer {
	const n = Buffer.from(name, "latin1");
	const local = Buffer.alloc(30);
	local.writeUInt32LE(0x04034b50, 0);
	local.writeUInt16LE(20, 4);
	local.writeUInt16LE(8, 8);
	local.writeUInt32LE(data.length, 18);
	local.writeUInt32LE(size, 22);
	local.writeUInt16LE(n.length, 26);
	const central = Buffer.alloc(46);
	central.writeUInt32LE(0x02014b50, 0);
	central.writeUInt16LE((3 << 8) | 20, 4);
	central.writeUInt16LE(20, 6);
	central.writeUInt16LE(8, 10);
	central.writeUInt32LE(data.length, 20);
	central.writeUInt32LE(size, 24);
	central.writeUInt16LE(n.length, 28);
	central.writeUInt32LE(((more.mode ?? 0o100644) << 16) >>> 0, 38);
	const end = Buffer.alloc(22);
	end.writeUInt32LE(0x06054b50, 0);
	end.writeUInt16LE(1, 8);
	end.writeUInt16LE(1, 10);
	end.writeUInt32LE(46 + n.length, 12);
	end.writeUInt32LE(30 + n.length + data.length, 16);
	return Buffer.concat([local, n, data, central, n, end]);
}

scenario("archives that are bombs, nested, or lie about themselves are refused with the reason", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const upload = (file: Buffer, expect = 422) => c.call("createBatch", expect as 422, { upload: { order: { method: "csr", profile_id: world.ec.id, name: "archive" }, file, fileName: "x.zip", fileType: "application/zip" } });
	// 300 MiB of blanks in a third of a megabyte.
	const bomb = deflateRawSync(Buffer.alloc(300 << 20, 0x20), { level: 9 });
	assert.ok(bomb.length < 1 << 20);
	const cases: [string, Buffer, RegExp][] = [
		["a bomb", zipOf("bomb.pem", bomb, 300 << 20), /unpacks to more|too much|octets/],
		["a bomb that says to be small", zipOf("small.pem", bomb, 100), /./],
		["an archive in the archive", Buffer.from(zipSync({ "inner.zip": zipSync({ "a.pem": Buffer.from(csr(`/CN=${freshMac()}`)) }) })), /archive inside/],
		["ten bombs in one", Buffer.from(zipSync(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.zip`, zipOf("b.pem", bomb, 300 << 20)])))), /archive inside/],
		["nothing", Buffer.from("PK\x05\x06" + "\0".repeat(18), "latin1"), /./],
		["no deflate in it", zipOf("a.pem", Buffer.alloc(1000, 0xff), 5000), /unpack/],
		["a private key", Buffer.from(zipSync({ "a/key.pem": Buffer.from("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n") })), /private key/],
	];
	for (const [what, file, want] of cases) {
		const { body } = await upload(file);
		assert.ok(body.errors?.some((e) => want.test(e.message)), `${what}: ${JSON.stringify(body)}`);
	}
	assert.deepEqual(await quota(c, world.ec), before);
});

scenario("names of archive members are names alone: nothing is written, and what is shown is harmless", async () => {
	const c = as("orderer");
	const good = Buffer.from(csr(`/CN=${freshMac()}`));
	const members = { "../../../../tmp/certmill-evil.pem": good, "/etc/certmill-evil.pem": Buffer.from(csr(`/CN=${freshMac()}`)), "C:\\evil.pem": Buffer.from(csr(`/CN=${freshMac()}`)) };
	const b = await settled(c, (await c.call("createBatch", 201, { upload: { order: { method: "csr", profile_id: world.ec.id, name: "paths" }, file: Buffer.from(zipSync(members)), fileName: "../x.zip", fileType: "application/zip" } })).body.id);
	assert.equal(b.size, 3);
	const { existsSync } = await import("node:fs");
	for (const path of ["/tmp/certmill-evil.pem", "/etc/certmill-evil.pem"]) assert.ok(!existsSync(path), path);
	assert.ok((await items(c, b.id)).every((i) => i.status !== "failed"));
	const odd = "a\u001b[31m\r\nb.pem";
	const deflated = deflateRawSync(Buffer.from("no request"));
	const warned = (await c.call("createBatch", 422, { upload: { order: { method: "csr", profile_id: world.ec.id, name: "odd" }, file: zipOf(odd, deflated, 10), fileType: "application/zip" } })).raw.toString();
	assert.ok(!/\\u001b|\\r|\u001b/.test(warned), warned);
	// A link is no file: it is passed over.
	const link = zipOf("link.pem", deflateRawSync(Buffer.from("/etc/passwd")), 11, { mode: 0o120777 });
	const answer = (await c.call("createBatch", 422, { upload: { order: { method: "csr", profile_id: world.ec.id, name: "link" }, file: link, fileType: "application/zip" } })).raw.toString();
	assert.ok(!answer.includes("root:"), answer);
});

scenario("scopes: a token does what its scopes say and no more", async () => {
	const admin = new (await import("../lib/client.ts")).Client(world.instance, world.instance.user("organization_admin"), "nothing");
	await admin.logIn();
	const b = await made(as("orderer"), world.ec, "scoped", 1);
	const mine = (await admin.call("getMe", 200)).body.organization?.id ?? 0;
	const made_ = async (scopes: string[]) => {
		const t = (await admin.call("createToken", 201, { json: { name: scopes.join(), scopes, expires_at: new Date(Date.now() + 3_600_000).toISOString() } as never })).body;
		const c = as("organization_admin");
		c.token = t.token;
		return { c, id: t.id };
	};
	const view = await made_(["view"]);
	const ordering = await made_(["order"]);
	const revoking = await made_(["revoke"]);
	for (const { c } of [view, ordering, revoking]) {
		await c.call("getBatch", 200, { path: { batch_id: b.id } });
		await c.call("createToken", 403, { json: { name: "more", scopes: ["admin"] } as never });
		await c.call("createUser", 403, { json: { username: "x", full_name: "X", email: "x@x.example", role: "viewer" } });
		await c.call("listUsers", 403);
		await c.call("switchOrganization", 403, { json: { organization_id: mine } } as never);
	}
	for (const { c } of [view, revoking]) {
		await c.call("createBatch", 403, { json: formOrder(world.ec, "no", 1) });
		await c.call("downloadBatch", 403, { path: { batch_id: b.id } });
		await c.call("rejectBatch", 403, { path: { batch_id: b.id } });
	}
	for (const { c } of [view, ordering]) {
		await c.call("revokeBatch", 403, { path: { batch_id: b.id }, json: { reason: "superseded" } });
		await c.call("revokeCertificates", 403, { json: { serial_numbers: ["7".repeat(32)], reason: "superseded" } });
	}
	for (const { id } of [view, ordering, revoking]) await admin.call("deleteToken", 204, { path: { token_id: id } });
	for (const { c } of [view, ordering, revoking]) await c.send("GET", "/api/v1/me", 401);
	await admin.call("deleteSession", 204);
	assert.equal((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.status, "ready_for_download");
});
