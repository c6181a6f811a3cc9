// The ledger: charged when accepted, given back once, never overdrawn.

import assert from "node:assert/strict";
import { type Batch, settled } from "../lib/client.ts";
import { scenario, short } from "../lib/scenario.ts";
import { as, download, formOrder, made, order, quota, world } from "../lib/world.ts";

scenario("reject gives back what was not credited yet, once; certificates are void", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const b = await made(c, world.ec, "to reject", 4);
	assert.ok(b.actions.includes("reject"));
	const r = (await c.call("rejectBatch", 200, { path: { batch_id: b.id } })).body;
	assert.equal(r.status, "rejected");
	assert.deepEqual(r.actions, []);
	await c.call("rejectBatch", 409, { path: { batch_id: b.id } });
	assert.deepEqual(await quota(c, world.ec), before);
	await c.call("downloadBatch", 409, { path: { batch_id: b.id } });
	const certificates = (await c.call("listCertificates", 200, { query: { batch_id: b.id } })).body.items;
	assert.equal(certificates.length, 4);
	for (const x of certificates) assert.equal(x.status, "rejected");
	assert.equal((await c.call("getBatchHistory", 200, { path: { batch_id: b.id } })).body.at(-1)?.status, "rejected");
}, { short: true });

scenario("reject while it is being made: work stops, all comes back", async () => {
	const c = as("orderer");
	const before = await quota(c, world.rsa);
	const b = await order(c, formOrder(world.rsa, "stopped", 2000));
	const r = (await c.call("rejectBatch", 200, { path: { batch_id: b.id } })).body;
	assert.equal(r.status, "rejected");
	// The other rsa order of this run may still be at work, so issued may rise; ordered may not.
	assert.equal((await quota(c, world.rsa)).ordered, before.ordered);
	await new Promise((resolve) => setTimeout(resolve, 1500));
	const after = (await c.call("getBatch", 200, { path: { batch_id: b.id } })).body;
	assert.equal(after.status, "rejected");
	assert.ok(after.succeeded < 2000);
	assert.equal((await quota(c, world.rsa)).ordered, before.ordered);
});

scenario("a downloaded batch is not rejected any more", async () => {
	const c = as("orderer");
	const b = await made(c, world.ec, "gone", 1);
	const before = await quota(c, world.ec);
	await download(c, b.id);
	const r = await c.call("rejectBatch", 409, { path: { batch_id: b.id } });
	assert.equal(r.body.code, "batch_state");
	assert.deepEqual(await quota(c, world.ec), before);
}, { short: true });

scenario("reject against download at the same moment: one of them wins", async () => {
	const c = as("orderer");
	for (let i = 0; i < 4; i++) {
		const before = await quota(c, world.ec);
		const b = await made(c, world.ec, `race ${i}`, 2);
		const path = `/api/v1/batches/${b.id}`;
		const [d, r] = await Promise.all([c.send("GET", `${path}/download`, [200, 409]), c.send("POST", `${path}/reject`, [200, 409])]);
		const end = (await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status;
		assert.deepEqual([d.status, r.status], end === "downloaded" ? [200, 409] : [409, 200], end);
		assert.equal((await quota(c, world.ec)).ordered - before.ordered, end === "downloaded" ? 2 : 0);
	}
});

scenario("to the very end of a quota, not one further", async () => {
	const c = as("orderer");
	const q = await quota(c, world.small);
	assert.equal(q.allocated, 100);
	const over = await c.call("createBatch", 409, { json: formOrder(world.small, "one too many", q.available + 1) });
	assert.equal(over.body.code, "quota_exceeded");
	assert.deepEqual(await quota(c, world.small), q);

	// Parallel orders for more than is left: the sum of those accepted fits.
	const size = Math.floor(q.available / 4) + 1;
	const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => c.send("POST", "/api/v1/batches", [201, 409], { headers: { "content-type": "application/json" }, body: JSON.stringify(formOrder(world.small, `parallel ${i}`, size)) })));
	const accepted = answers.filter((a) => a.status === 201).map((a) => a.body as Batch);
	assert.equal(accepted.length, Math.floor(q.available / size));
	const rest = await quota(c, world.small);
	assert.equal(rest.available, q.available - accepted.length * size);
	if (rest.available > 0) await order(c, formOrder(world.small, "the rest", rest.available));
	assert.equal((await quota(c, world.small)).available, 0);
	await c.call("createBatch", 409, { json: formOrder(world.small, "nothing left", 1) });

	const one = accepted[0] as Batch;
	await settled(c, one.id);
	await c.call("rejectBatch", 200, { path: { batch_id: one.id } });
	assert.equal((await quota(c, world.small)).available, size);
	for (const b of accepted.slice(1)) await settled(c, b.id);
}, { short: true });

scenario("the ledger adds up, and a top-up has a reason", async () => {
	const admin = as("viewer");
	const me = (await admin.call("getMe", 200)).body;
	const organization_id = me.organization?.id ?? 0;
	const path = { organization_id, profile_id: world.small.id };
	const sum = async () => {
		const entries = (await admin.call("listQuotaEntries", 200, { path, query: { limit: 1000 } })).body.items;
		const q = await quota(admin, world.small);
		for (const k of ["allocated", "ordered", "issued"] as const) assert.equal(entries.reduce((s, e) => s + e[k], 0), q[k], k);
		return entries.length;
	};
	await new Promise((r) => setTimeout(r, short ? 0 : 200));
	const n = await sum();
	const ops = as("operator");
	await ops.call("topUpQuota", 422, { path, json: { amount: 5, reason: "" } });
	await ops.call("topUpQuota", 422, { path, json: { amount: 0.5, reason: "half" } });
	await as("organization_admin").call("topUpQuota", 403, { path, json: { amount: 5, reason: "mine" } });
	const entry = (await ops.call("topUpQuota", 201, { path, json: { amount: 5, reason: "contract 2026-017" } })).body;
	assert.deepEqual([entry.kind, entry.allocated, entry.reason], ["top_up", 5, "contract 2026-017"]);
	await ops.call("topUpQuota", 201, { path, json: { amount: -5, reason: "taken back" } });
	const left = (await quota(admin, world.small)).available;
	await ops.call("topUpQuota", 409, { path, json: { amount: -left - 1, reason: "too much" } });
	assert.equal(await sum(), n + 2);
	const lines = (await admin.call("listQuota", 200, { path: { organization_id } })).body.items;
	assert.ok(lines.some((l) => l.profile.id === world.small.id && l.allocated === 100));
});
