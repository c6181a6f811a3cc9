// Revocation by serial number and by batch.

import assert from "node:assert/strict";
import { settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, download, made, quota, serials, world } from "../lib/world.ts";

scenario("certificates are revoked by serial number, with a reason, all or none", async () => {
	const c = as("revoker");
	const b = await made(as("orderer"), world.ec, "to revoke", 3);
	const list = await serials(c, b.id);
	const before = await quota(c, world.ec);
	const revoke = (serial_numbers: unknown, reason: unknown = "key_compromise") => ({ json: { serial_numbers, reason } });

	const unknown = await c.call("revokeCertificates", 422, revoke([list[0], "7".repeat(32)]));
	assert.ok(JSON.stringify(unknown.body.errors).includes("7".repeat(32)), "the unknown one is named");
	const foreign = await made(as("orderer", true), world.ec, "theirs", 1);
	const theirs = (await serials(as("viewer", true), foreign.id))[0];
	const r = await c.call("revokeCertificates", 422, revoke([list[0], theirs]));
	assert.ok(JSON.stringify(r.body.errors).includes(String(theirs)));
	for (const [bad, reason] of [[[], "unspecified"], [["xyz"], "unspecified"], [list, "because"], [list, "privilege_withdrawn"], ["x", "unspecified"]] as const) await c.call("revokeCertificates", 422, revoke(bad, reason));
	assert.equal((await c.call("listCertificates", 200, { query: { batch_id: b.id, status: "revoked" } })).body.items.length, 0, "nothing so far");

	assert.deepEqual((await c.call("revokeCertificates", 200, revoke([list[0]]))).body, { revoked: 1, already_revoked: 0 });
	assert.deepEqual((await c.call("revokeCertificates", 200, revoke([list[0], list[1]], "superseded"))).body, { revoked: 1, already_revoked: 1 });
	const x = (await c.call("getCertificate", 200, { path: { serial_number: list[0] ?? "" } })).body;
	assert.deepEqual([x.status, x.revocation_reason], ["revoked", "key_compromise"], "its first reason");
	assert.ok(x.revoked_at);
	const half = (await c.call("getBatch", 200, { path: { batch_id: b.id } })).body;
	assert.deepEqual([half.status, half.revoked], ["ready_for_download", 2]);
	await as("operator").call("revokeCertificates", 200, revoke([list[2]], "privilege_withdrawn"));
	assert.equal((await settled(c, b.id, "revoked")).revoked, 3);
	assert.equal((await quota(c, world.ec)).ordered, before.ordered, "no credit");
});

scenario("a whole batch is revoked, with no credit, and is not downloaded any more", async () => {
	const c = as("organization_admin");
	const b = await made(c, world.ec, "all of it", 2);
	await download(c, b.id);
	const before = await quota(c, world.ec);
	await c.call("revokeBatch", 422, { path: { batch_id: b.id }, json: { reason: "bored" } });
	await c.call("revokeBatch", 422, { path: { batch_id: b.id }, json: {} });
	await c.call("revokeBatch", 200, { path: { batch_id: b.id }, json: { reason: "cessation_of_operation" } });
	const r = await settled(c, b.id, "revoked");
	assert.deepEqual([r.revoked, r.actions], [2, []]);
	await c.call("revokeBatch", 409, { path: { batch_id: b.id }, json: { reason: "superseded" } });
	await c.call("downloadBatch", 409, { path: { batch_id: b.id } });
	await c.call("rejectBatch", 409, { path: { batch_id: b.id } });
	const list = (await c.call("listCertificates", 200, { query: { batch_id: b.id } })).body.items;
	for (const x of list) assert.deepEqual([x.status, x.revocation_reason], ["revoked", "cessation_of_operation"]);
	assert.equal((await quota(c, world.ec)).ordered, before.ordered);
});
