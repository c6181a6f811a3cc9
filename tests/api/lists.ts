// Lists: filters, sorting, pages; event streams.

import assert from "node:assert/strict";
import { type Batch, everything, settled } from "../lib/client.ts";
import { checkSchema } from "../lib/contract.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, items, made, order, serials, world } from "../lib/world.ts";

scenario("batches: every filter, alone and together", async () => {
	const c = as("orderer");
	const tag = `f${Date.now()}`;
	const a = await made(c, world.ec, `${tag}_A% one`, 1);
	const b = await made(c, world.ec, `${tag}-b two`, 3);
	await made(c, world.rsa, `${tag}-B three`, 2);
	await c.call("rejectBatch", 200, { path: { batch_id: b.id } });
	const find = async (query: object) => (await c.call("listBatches", 200, { query: { limit: 1000, ...query } as never })).body.items;
	const names = async (query: object) => (await find({ name: tag, ...query })).map((x) => x.name.slice(tag.length + 1)).sort();

	assert.deepEqual(await names({}), ["A% one", "B three", "b two"]);
	assert.deepEqual((await find({ name: `${tag.toUpperCase()}-B` })).length, 2);
	assert.deepEqual((await find({ name: `${tag}_` })).map((x) => x.id), [a.id], "_ means itself");
	assert.deepEqual((await find({ name: "%" })).filter((x) => x.name.startsWith(tag)).map((x) => x.id), [a.id], "% means itself");
	assert.deepEqual(await names({ status: "rejected" }), ["b two"]);
	assert.deepEqual(await names({ profile_id: world.rsa.id }), ["B three"]);
	assert.deepEqual(await names({ min_size: 2 }), ["B three", "b two"]);
	assert.deepEqual(await names({ min_size: 2, max_size: 2 }), ["B three"]);
	assert.deepEqual((await find({ id: a.id })).map((x) => x.id), [a.id]);
	const day = a.created_at.slice(0, 10);
	assert.equal((await names({ from: day, to: day })).length, 3);
	assert.equal((await names({ from: a.created_at })).length, 3);
	assert.deepEqual(await names({ to: "2001-01-01" }), []);
	assert.deepEqual(await names({ from: "2999-01-01T00:00:00Z" }), []);
});

scenario("batches: sorted both ways, in pages that miss and repeat nothing", async () => {
	const c = as("viewer");
	const all = (await c.call("listBatches", 200, { query: { limit: 1000 } })).body;
	assert.equal(all.total, all.items.length);
	assert.deepEqual(all.items.map((b) => b.id), all.items.map((b) => b.id).sort((x, y) => y - x), "newest first");
	for (const sort of ["id", "-id", "size", "-size", "name", "-name", "created_at", "-created_at", "status", "-status"] as const) {
		const paged = await everything<Batch>(async (cursor) => (await c.call("listBatches", 200, { query: { limit: 7, sort, cursor } })).body);
		assert.equal(new Set(paged.map((b) => b.id)).size, all.items.length, sort);
		const key = sort.replace("-", "") as "id" | "size" | "created_at";
		if (["id", "size", "created_at"].includes(key)) {
			const values = paged.map((b) => b[key]);
			const sign = sort.startsWith("-") ? -1 : 1;
			const sorted = [...values].sort((x, y) => sign * (x < y ? -1 : x > y ? 1 : 0));
			assert.deepEqual(values, sorted, sort);
		}
	}
});

scenario("lists: an unknown key, status, date, cursor or limit is named", async () => {
	const c = as("viewer");
	const bad: [string, string][] = [
		["limit", "limit=0"], ["limit", "limit=1001"], ["limit", "limit=x"], ["limit", "limit=-1"], ["cursor", "cursor=nonsense"], ["sort", "sort=colour"], ["sort", "sort=--id"],
		["status", "status=ready"], ["from", "from=yesterday"], ["from", "from=2026-02-30"], ["to", "to=2026-13-01"], ["id", "id=abc"], ["min_size", "min_size=-5"], ["profile_id", "profile_id=0x10"],
		["limit", "limit=99999999999999999999"],
	];
	for (const [field, query] of bad) {
		const r = await c.send("GET", `/api/v1/batches?${query}`, 422);
		const errors = (r.body as { errors?: { field?: string }[] }).errors ?? [];
		assert.ok(errors.some((e) => e.field === field), `${query}: ${JSON.stringify(r.body)}`);
	}
	await c.send("GET", "/api/v1/certificates?status=good", 422);
	await c.send("GET", "/api/v1/certificates?cursor=%00", [400, 422]);
	const first = (await c.call("listBatches", 200, { query: { limit: 1 } })).body;
	await c.send("GET", `/api/v1/batches?limit=1&sort=size&cursor=${encodeURIComponent(first.next_cursor ?? "")}`, 422);
});

scenario("certificates: found by batch, name, subject, serial, status, date, profile", async () => {
	const c = as("viewer");
	const b = await made(as("orderer"), world.ec, `cert-${Date.now()}`, 3);
	const mine = await serials(c, b.id);
	const find = async (query: object) => (await c.call("listCertificates", 200, { query: { limit: 1000, ...query } as never })).body.items;
	const list = await find({ batch_id: b.id });
	assert.deepEqual(list.map((x) => x.serial_number).sort(), [...mine].sort());
	for (const x of list) {
		assert.equal(x.status, "issued");
		assert.equal(x.profile_id, world.ec.id);
		assert.equal(x.revoked_at, null);
	}
	const one = list[0] as (typeof list)[number];
	assert.deepEqual((await find({ name: one.name.toUpperCase() })).map((x) => x.serial_number), [one.serial_number]);
	const mac = /([0-9A-F]{2}:){5}[0-9A-F]{2}/.exec(one.subject)?.[0] ?? "";
	assert.ok(mac, `the subject has the address: ${one.subject}`);
	assert.ok((await find({ subject: mac.toLowerCase() })).some((x) => x.serial_number === one.serial_number));
	for (const s of [one.serial_number, one.serial_number.toLowerCase(), one.serial_number.slice(2, 30), (one.serial_number.match(/../g) ?? []).join(":")])
		assert.deepEqual((await find({ serial_number: s })).map((x) => x.serial_number), [one.serial_number], s);
	assert.equal((await find({ batch_id: b.id, status: "revoked" })).length, 0);
	assert.equal((await find({ batch_id: b.id, profile_id: world.rsa.id })).length, 0);
	assert.equal((await find({ batch_id: b.id, from: one.created_at.slice(0, 10) })).length, 3);
	assert.equal((await find({ batch_id: b.id, to: "2001-01-01" })).length, 0);
	const paged = await everything(async (cursor) => (await c.call("listCertificates", 200, { query: { limit: 2, batch_id: b.id, cursor, sort: "serial_number" } })).body);
	assert.deepEqual(paged.map((x) => x.serial_number), [...mine].sort());

	const detail = (await c.call("getCertificate", 200, { path: { serial_number: one.serial_number } })).body;
	assert.equal(detail.inputs.mac_address, mac);
	assert.deepEqual(detail.extensions.map((e) => e.oid).filter((o) => !world.ec.extensions.some((e) => e.oid === o)), [], "no extension beyond the profile's");
	await c.call("getCertificate", 404, { path: { serial_number: "0".repeat(31) + "1" } });
});

scenario("items: pages in index order, succeeded and failed apart", async () => {
	const c = as("viewer");
	const b = await made(as("orderer"), world.ec, "items", 12);
	const all = await items(c, b.id);
	const paged = await everything(async (cursor) => (await c.call("listBatchItems", 200, { path: { batch_id: b.id }, query: { limit: 5, cursor } })).body);
	assert.deepEqual(paged, all);
	assert.deepEqual(all.map((i) => i.index), Array.from({ length: 24 }, (_, i) => i >> 1));
	assert.equal((await items(c, b.id, { result: "failed" })).length, 0);
	assert.equal(new Set((await items(c, b.id, { result: "succeeded" })).map((i) => i.index)).size, 12);
	const errors = await c.call("getBatchErrors", 200, { path: { batch_id: b.id } });
	assert.equal(errors.raw.toString().trim().split("\n").length, 1, "a header and nothing else");
});

scenario("events of a batch: the present state at once, then each change", async () => {
	const c = as("viewer");
	const b = await order(as("orderer"), formOrder(world.ec, "events", 60));
	const seen: Batch[] = [];
	const r = await c.events(`/batches/${b.id}/events`, (event, data) => {
		assert.equal(event, "batch");
		checkSchema("Batch", data);
		seen.push(data as Batch);
		return (data as Batch).status === "ready_for_download";
	});
	assert.equal(r.status, 200);
	assert.match(String(r.headers["content-type"]), /^text\/event-stream/);
	assert.ok(seen.every((e) => e.id === b.id));
	assert.deepEqual(seen.map((e) => e.succeeded), seen.map((e) => e.succeeded).sort((x, y) => x - y), "progress only rises");
	assert.equal(seen.at(-1)?.succeeded, 60);
});

scenario("events of the organization: its own batches, not another's", async () => {
	const c = as("viewer");
	const other = as("viewer", true);
	let id = 0;
	const foreign: number[] = [];
	const mine = c.events("/events", (_, data) => (data as Batch).id === id && (data as Batch).status === "ready_for_download");
	const theirs = other.events("/events", (_, data) => {
		foreign.push((data as Batch).id);
		return false;
	}, 3000);
	theirs.catch(() => {});
	await new Promise((r) => setTimeout(r, 300));
	id = (await order(as("orderer"), formOrder(world.ec, "all events", 3))).id;
	await mine;
	await theirs.catch(() => {});
	assert.ok(!foreign.includes(id));
	await settled(c, id);
}, { short: true });
