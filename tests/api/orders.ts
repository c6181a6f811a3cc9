// The two forms: what is accepted, what a preview says, what an idempotency key does.

import assert from "node:assert/strict";
import { type Problem, settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, freshMac, freshNumber, items, mac, made, order, password, quota, world } from "../lib/world.ts";

scenario("form: addresses are counted up, each device gets one certificate", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const first = freshNumber(100);
	const answer = await c.call("createBatch", 201, {
		json: { method: "form", profile_id: world.ec.id, name: "Größe «5»", size: 5, pkcs12_password: password, inputs: { mac_address: mac(first).toLowerCase().replace(/:/g, "-") }, generator: { input: "mac_address", increment: 16 } },
	});
	assert.equal(answer.headers.location, `/api/v1/batches/${answer.body.id}`);
	assert.equal(answer.body.created_by, c.user?.username);
	assert.equal(answer.body.method, "form");
	assert.equal(answer.body.name, "Größe «5»");
	assert.equal((await quota(c, world.ec)).ordered, before.ordered + 5, "charged when accepted");
	const b = await settled(c, answer.body.id);
	assert.deepEqual([b.succeeded, b.failed, b.revoked], [5, 0, 0]);
	const after = await quota(c, world.ec);
	assert.deepEqual([after.ordered, after.issued], [before.ordered + 5, before.issued + 5]);

	const rows = await items(c, b.id);
	assert.equal(rows.length, 10);
	for (let i = 0; i < 5; i++) {
		const mine = rows.filter((r) => r.index === i);
		assert.deepEqual(mine.map((r) => r.status), ["created", "issued"]);
		assert.match(mine[0]?.message ?? "", new RegExp(`^Created from form line ${i}$`, "i"));
		assert.equal(mine[0]?.serial_number, null);
		assert.equal(mine[1]?.message, "ISSUED");
		assert.ok(mine[1]?.subject?.includes(mac(first + 16 * i)), mine[1]?.subject ?? "");
		for (const r of mine) assert.equal(r.name, `Größe «5»-${i}`);
	}
	assert.equal(new Set(rows.flatMap((r) => r.serial_number ?? [])).size, 5);
}, { short: true });

scenario("single: one device without a generator", async () => {
	const c = as("orderer");
	const b = await order(c, { method: "single", profile_id: world.ec.id, name: "one", size: 1, pkcs12_password: password, inputs: { mac_address: freshMac() } });
	assert.equal(b.size, 1);
	await settled(c, b.id);
	const two = { method: "single", profile_id: world.ec.id, name: "two", size: 2, pkcs12_password: password, inputs: { mac_address: freshMac() } };
	await c.call("createBatch", 422, { json: two });
}, { short: true });

scenario("history: one row a change of status, the first with its user", async () => {
	const c = as("orderer");
	const b = await made(c, world.ec, "history", 2);
	const rows = (await c.call("getBatchHistory", 200, { path: { batch_id: b.id } })).body;
	assert.deepEqual(rows.map((r) => r.status), ["pending_creation", "pending_issue", "preparing_download", "ready_for_download"]);
	assert.equal(rows[0]?.message, "Batch created");
	assert.match(rows[0]?.user ?? "", new RegExp(`^${c.user?.username} #\\d+$`));
	for (const r of rows.slice(1)) assert.equal(r.user, null);
	const times = rows.map((r) => r.time);
	assert.deepEqual([...times].sort(), times);
});

scenario("preview: says what would be made and changes nothing", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const count = (await c.call("listBatches", 200)).body.total;
	const o = formOrder(world.ec, "preview", 30);
	const first = (o.inputs as { mac_address: string }).mac_address;
	const p = (await c.call("createBatch", 200, { query: { preview: true }, json: o })).body;
	assert.equal(p.size, 30);
	assert.equal(p.quota_after, before.available - 30);
	assert.deepEqual(p.errors, []);
	assert.equal(p.sample[0]?.index, 0);
	assert.equal(p.sample.at(-1)?.index, 29);
	assert.equal(p.sample[0]?.inputs.mac_address, first);
	assert.match(p.sample[0]?.subject ?? "", new RegExp(first));
	assert.deepEqual(await quota(c, world.ec), before);
	assert.equal((await c.call("listBatches", 200)).body.total, count);
	// The addresses are still free.
	await order(c, o);
	const again = (await c.call("createBatch", 200, { query: { preview: true }, json: o })).body;
	assert.ok(again.errors.length > 0 && again.errors.every((e) => e.field === "mac_address"));
}, { short: true });

scenario("preview: more than is available, and wrong inputs, stand in errors", async () => {
	const c = as("orderer");
	const left = (await quota(c, world.small)).available;
	const p = (await c.call("createBatch", 200, { query: { preview: true }, json: formOrder(world.small, "too many", left + 7) })).body;
	assert.equal(p.quota_after, -7);
	assert.ok(p.errors.some((e) => e.field === "size"), JSON.stringify(p.errors));
	const q = (await c.call("createBatch", 200, { query: { preview: true }, json: formOrder(world.ec, "group", 1, { inputs: { mac_address: "01:00:5E:00:00:01" } }) })).body;
	assert.ok(q.errors.some((e) => e.field === "mac_address"), JSON.stringify(q.errors));
});

scenario("an address is given once, in any spelling, until its certificate is revoked or rejected", async () => {
	const c = as("orderer");
	const a = freshMac();
	const one = (address: string) => formOrder(world.ec, "again", 1, { inputs: { mac_address: address } });
	const b = await order(c, one(a));
	for (const spelling of [a, a.toLowerCase(), a.replace(/:/g, "-"), a.replace(/:/g, ""), (a.replace(/:/g, "").match(/.{4}/g) ?? []).join(".")]) {
		const r = await c.call("createBatch", 422, { json: one(spelling) });
		assert.equal(r.body.errors?.[0]?.field, "mac_address");
	}
	// Another profile, or the other organization, is another ledger.
	await order(c, { ...one(a), profile_id: world.small.id });
	await order(as("orderer", true), one(a));
	await settled(c, b.id);
	await c.call("rejectBatch", 200, { path: { batch_id: b.id } });
	const second = await settled(c, (await order(c, one(a))).id);
	await as("revoker").call("revokeBatch", 200, { path: { batch_id: second.id }, json: { reason: "superseded" } });
	await settled(c, second.id, "revoked");
	await order(c, one(a));
});

scenario("a range must stay in its block, and in what the organization may use", async () => {
	const c = as("orderer");
	for (const start of ["00:1A:2B:FF:FF:FE", "00:25:00:00:00:01", "FF:FF:FF:FF:FF:FE"]) {
		const r = await c.call("createBatch", 422, { json: formOrder(world.ec, "block", 4, { inputs: { mac_address: start } }) });
		assert.ok(r.body.errors?.some((e) => e.field === "mac_address"), JSON.stringify(r.body.errors));
	}
});

scenario("Idempotency-Key: the same order returns the first answer, another one is refused", async () => {
	const c = as("orderer");
	const key = { "idempotency-key": `k-${Date.now()}` };
	const o = formOrder(world.ec, "once", 2);
	const before = await quota(c, world.ec);
	const first = await c.call("createBatch", 201, { json: o, headers: key });
	const second = await c.call("createBatch", 201, { json: o, headers: key });
	assert.equal(second.body.id, first.body.id);
	assert.equal(second.headers.location, first.headers.location);
	assert.equal(second.headers["idempotency-replayed"], "true");
	assert.equal((await quota(c, world.ec)).ordered, before.ordered + 2);
	const other = await c.call("createBatch", 409, { json: { ...o, name: "another" }, headers: key });
	assert.equal(other.body.code, "idempotency_key");
	// Another organization has keys of its own.
	await as("orderer", true).call("createBatch", 201, { json: formOrder(world.ec, "other's", 1), headers: key });
	await settled(c, first.body.id);
	assert.equal((await c.call("createBatch", 201, { json: o, headers: key })).body.id, first.body.id);
}, { short: true });

scenario("Idempotency-Key: a refused order does not use it up, and ten at once make one batch", async () => {
	const c = as("orderer");
	const key = { "idempotency-key": `r-${Date.now()}` };
	await c.call("createBatch", 422, { json: formOrder(world.ec, "", 1), headers: key });
	const o = formOrder(world.ec, "ten at once", 1);
	const all = await Promise.all(Array.from({ length: 10 }, () => c.send("POST", "/api/v1/batches", [201, 409, 503], { headers: { ...key, "content-type": "application/json" }, body: JSON.stringify(o) })));
	const ids = new Set(all.filter((r) => r.status === 201).map((r) => (r.body as { id: number }).id));
	assert.equal(ids.size, 1, `batches ${[...ids]}`);
	assert.equal((await c.call("createBatch", 201, { json: o, headers: key })).body.id, [...ids][0]);
	for (const bad of ["", "a b", "x".repeat(256)]) {
		const r = await c.send("POST", "/api/v1/batches", 422, { headers: { "idempotency-key": bad, "content-type": "application/json" }, body: JSON.stringify(formOrder(world.ec, "bad key", 1)) });
		assert.ok((r.body as Problem).detail);
	}
});

scenario("names: any text but control, bidi and broken characters", async () => {
	const c = as("orderer");
	for (const name of ["", "x".repeat(201), "a\nb", "a\u202eb", "a\u2066b", "a\u007fb", "a\u0085b"]) {
		const r = await c.call("createBatch", 422, { json: formOrder(world.ec, name, 1) });
		assert.ok(r.body.errors?.some((e) => e.field === "name"), JSON.stringify(name));
	}
	for (const broken of ["\\ud800", "a\\u0000b"]) await c.send("POST", "/api/v1/batches", [400, 422], { headers: { "content-type": "application/json" }, body: JSON.stringify(formOrder(world.ec, "LONE", 1)).replace("LONE", broken) });
	await c.send("POST", "/api/v1/batches", 400, { headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(formOrder(world.ec, "LONE", 1)).replace("LONE", "\xff"), "latin1") });
	for (const name of ["=cmd|' /C calc'!A0", "../../etc/passwd", "modem 機器 🚀", "x".repeat(200), `"quoted", and;semi`]) {
		const b = await order(c, formOrder(world.ec, name, 1));
		assert.equal(b.name, name);
		await settled(c, b.id);
	}
});
