// PKI operations: organizations, users, grants, settings, evidence.

import assert from "node:assert/strict";
import { Client, settled } from "../lib/client.ts";
import { checkSchema } from "../lib/contract.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, freshMac, order, world } from "../lib/world.ts";

scenario("operator: a new organization with a user, a grant and a quota", async () => {
	const ops = as("operator");
	const name = `Acme ${Date.now()}`;
	const o = (await ops.call("createOrganization", 201, { json: { name, parameters: { country: "US" }, mac_prefixes: ["00:1a:2b"] } })).body;
	assert.deepEqual([o.name, o.status, o.mac_prefixes], [name, "active", ["00:1A:2B"]]);
	await ops.call("createOrganization", 409, { json: { name } });
	for (const json of [{}, { name: "" }, { name, mac_prefixes: ["zz"] }, { name: "x", surprise: 1 }]) await ops.call("createOrganization", 422, { json });
	const organization_id = o.id;
	const path = { organization_id, profile_id: world.ec.id };
	assert.deepEqual((await ops.call("listQuota", 200, { path: { organization_id } })).body.items, []);
	await ops.call("topUpQuota", 404, { path, json: { amount: 10, reason: "before the grant" } });
	assert.equal((await ops.call("grantProfile", 200, { path })).body.available, 0);
	await ops.call("grantProfile", 404, { path: { organization_id, profile_id: 999_999 } });
	await ops.call("topUpQuota", 201, { path, json: { amount: 10, reason: "first contract" } });

	const username = `acme-${Date.now()}`;
	const user = { username, full_name: "Ann Acme", email: "ann@acme.example", organization_id, role: "organization_admin" };
	const u = (await ops.call("createUser", 201, { json: user })).body;
	assert.deepEqual(u.memberships.map((m) => [m.organization.id, m.role]), [[organization_id, "organization_admin"]]);
	await ops.call("createUser", 409, { json: user });
	for (const wrong of [{ username: "A B" }, { email: "nobody" }, { email: "a@b.example\r\nbcc: x@y.example" }, { role: "king" }, { organization_id: 999_999 }]) await ops.call("createUser", 422, { json: { ...user, username: `${username}-2`, ...wrong } });
	assert.deepEqual((await ops.call("listUsers", 200, { query: { username: username.slice(2).toUpperCase() } })).body.items.map((x) => x.id), [u.id]);
	await ops.call("changeUser", 200, { path: { user_id: u.id }, json: { full_name: "Ann A. Acme" } });
	const membership = (await ops.call("setMembership", 200, { path: { user_id: u.id, organization_id }, json: { role: "viewer", profile_ids: [world.ec.id] } })).body;
	assert.deepEqual([membership.role, membership.profile_ids], ["viewer", [world.ec.id]]);
	await ops.call("endMembership", 204, { path: { user_id: u.id, organization_id } });
	assert.deepEqual((await ops.call("listMemberships", 200, { path: { user_id: u.id } })).body.items, []);
	assert.equal((await ops.call("changeUser", 200, { path: { user_id: u.id }, json: { status: "disabled" } })).body.status, "disabled");

	const changed = (await ops.call("changeOrganization", 200, { path: { organization_id }, json: { status: "suspended" } })).body;
	assert.equal(changed.status, "suspended");
	await ops.call("changeOrganization", 422, { path: { organization_id }, json: { status: "closed" } });
	await ops.call("changeOrganization", 422, { path: { organization_id }, json: {} });
	await ops.call("withdrawProfile", 204, { path });
	assert.ok((await ops.call("listQuota", 200, { path: { organization_id } })).body.items[0]?.withdrawn_at);
});

scenario("organization_admin: users of the own organization, and no role above it", async () => {
	const admin = as("organization_admin");
	const username = `local-${Date.now()}`;
	const base = { username, full_name: "Lo Cal", email: "lo@cal.example", role: "viewer" };
	for (const role of ["operator", "auditor"]) await admin.call("createUser", 403, { json: { ...base, role } });
	const home = (await as("viewer", true).call("getMe", 200)).body.organization?.id ?? 0;
	const elsewhere = await admin.call("createUser", 422, { json: { ...base, organization_id: home } });
	assert.equal(elsewhere.body.errors?.[0]?.field, "organization_id");
	const u = (await admin.call("createUser", 201, { json: base })).body;
	assert.equal(u.memberships[0]?.organization.name, world.instance.user("viewer").organization);
	await admin.call("changeUser", 200, { path: { user_id: u.id }, json: { status: "disabled" } });
	for (const id of ["createOrganization", "createUser"] as const) await as("orderer").call(id, 403, { json: base });
});

scenario("four eyes: a large order waits for another person", async () => {
	const admin = as("organization_admin", true);
	const c = as("orderer", true);
	const organization_id = (await admin.call("getMe", 200)).body.organization?.id ?? 0;
	const path = { organization_id };
	const settings = (await admin.call("getSecuritySettings", 200, { path })).body;
	await admin.call("setSecuritySettings", 422, { path, json: { ...settings, approval_above: -1 } });
	assert.equal((await admin.call("setSecuritySettings", 200, { path, json: { ...settings, approval_above: 3 } })).body.approval_above, 3);
	try {
		await settled(c, (await order(c, formOrder(world.ec, "small enough", 3))).id);
		const b = await order(c, formOrder(world.ec, "large", 4));
		assert.equal(b.status, "pending_approval");
		const own = await c.call("approveBatch", 409, { path: { batch_id: b.id } });
		assert.equal(own.body.code, "own_order");
		assert.ok((await admin.call("getBatch", 200, { path: { batch_id: b.id } })).body.actions.includes("approve"));
		await admin.call("approveBatch", 200, { path: { batch_id: b.id } });
		await settled(c, b.id);
		const no = await order(c, formOrder(world.ec, "refused", 4));
		await admin.call("rejectBatch", 200, { path: { batch_id: no.id } });
		await admin.call("approveBatch", 409, { path: { batch_id: no.id } });
	} finally {
		await admin.call("setSecuritySettings", 200, { path, json: settings });
	}
});

scenario("a role that is taken away ends the user's tokens and sessions", async () => {
	const victim = new Client(world.instance, world.instance.user("revoker", true), "nothing");
	await victim.logIn();
	const me = (await victim.call("getMe", 200)).body;
	const organization_id = me.organization?.id ?? 0;
	const ops = as("operator");
	await ops.call("setMembership", 200, { path: { user_id: me.id, organization_id }, json: { role: "viewer" } });
	await victim.call("getMe", 401);
	await as("revoker", true).call("getMe", 401);
	await ops.call("setMembership", 200, { path: { user_id: me.id, organization_id }, json: { role: "revoker" } });
});

scenario("admin certificates are listed; a revoked one logs nobody in", async () => {
	const ops = as("operator");
	const victim = new Client(world.instance, world.instance.user("revoker", true), "nothing");
	const user = (await ops.call("listUsers", 200, { query: { username: victim.user?.username } })).body.items.find((u) => u.username === victim.user?.username);
	assert.ok(user);
	const list = (await ops.call("listUserCertificates", 200, { path: { user_id: user.id } })).body.items;
	assert.equal(list.length, 1);
	await victim.logIn();
	await ops.call("revokeUserCertificate", 204, { path: { user_id: user.id, sha256: list[0]?.sha256 ?? "" } });
	await victim.call("getMe", 401);
	victim.cookies.clear();
	const first = await victim.call("createSession", 200, { json: { username: victim.user?.username, password: victim.user?.password } });
	await victim.present(first.body.url, 401);
});

scenario("audit: who did what, filtered, exported, chained", async () => {
	const c = as("orderer");
	const b = await order(c, formOrder(world.ec, "evidence", 1, { inputs: { mac_address: freshMac() } }));
	await settled(c, b.id);
	const auditor = as("auditor");
	const find = async (query: object) => (await auditor.call("listAudit", 200, { query: { limit: 1000, ...query } as never })).body.items;
	const mine = await find({ object: `batch ${b.id}` });
	assert.ok(mine.length >= 3, JSON.stringify(mine.map((e) => e.action)));
	const first = mine.at(-1) as (typeof mine)[number];
	assert.match(first.user, new RegExp(`^${c.user?.username} #`));
	assert.match(first.address, /127\.0\.0\.1|::1/);
	assert.ok((await find({ user: c.user?.username, action: "batch." })).length > 0);
	assert.equal((await find({ to: "2001-01-01" })).length, 0);
	const secret = JSON.stringify(await find({}));
	assert.ok(!secret.includes(String(c.token)) && !secret.includes(String(formOrder(world.ec, "x", 1).pkcs12_password)), "no secret in the log");
	const own = (await as("organization_admin").call("listAudit", 200, { query: { limit: 1000 } })).body.items;
	const organization = world.instance.user("viewer").organization;
	assert.ok(own.length > 0 && own.every((e) => e.organization?.name === organization));
	await c.call("listAudit", 403);
	const csv = (await auditor.call("exportAudit", 200, { query: { object: `batch ${b.id}` } })).raw.toString();
	assert.equal(csv.trim().split(/\r?\n/).length, mine.length + 1);
});

scenario("dashboard, authorities", async () => {
	for (const role of ["viewer", "operator"]) {
		const d = (await as(role).call("getDashboard", 200)).body;
		assert.equal(d.issued_per_day.length, 30);
		assert.equal(d.expiring_per_month.length, 24);
		assert.ok(d.batches_by_status.some((x) => x.count > 0));
		assert.deepEqual(d.alarms, []);
	}
	const cas = (await as("viewer").call("listCas", 200)).body.items;
	assert.ok(cas.some((x) => x.purpose === "root") && cas.some((x) => x.id === world.ec.ca.id && x.profiles.some((p) => p.id === world.ec.id)));
	for (const x of cas) checkSchema("Ca", x);
});
