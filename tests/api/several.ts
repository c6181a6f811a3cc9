// A user of two organizations acts for one of them at a time.

import assert from "node:assert/strict";
import { Client } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, made, world } from "../lib/world.ts";

scenario("two organizations: a session acts for one, and switching is a new session with the other's rights", async () => {
	const op = as("operator");
	const first = (await as("viewer").call("getMe", 200)).body.organization?.id ?? 0;
	const second = (await as("viewer", true).call("getMe", 200)).body.organization?.id ?? 0;
	const username = world.instance.user("viewer").username;
	const user = (await op.call("listUsers", 200, { query: { username } })).body.items.find((u) => u.username === username);
	assert.ok(user);
	const path = { user_id: user.id, organization_id: second };
	const here = await made(as("orderer"), world.ec, "here", 1);
	const there = await made(as("orderer", true), world.ec, "there", 1);
	// Nobody but an operator puts somebody else's user into an organization.
	await as("organization_admin", true).call("setMembership", 404, { path, json: { role: "viewer" } });

	const c = new Client(world.instance, world.instance.user("viewer"), "nothing");
	await c.logIn();
	await c.call("switchOrganization", 422, { json: { organization_id: second } });
	assert.equal((await c.call("getMe", 200)).body.organization?.id, first, "and the session goes on");
	await op.call("setMembership", 200, { path, json: { role: "orderer" } });
	c.cookies.clear();
	await c.logIn();
	const before = (await c.call("getMe", 200)).body;
	const [from, to, mine, others, role] = before.organization?.id === first ? [first, second, here, there, "orderer"] : [second, first, there, here, "viewer"];
	await c.call("getBatch", 200, { path: { batch_id: mine.id } });
	await c.call("getBatch", 404, { path: { batch_id: others.id } });
	const old = new Map(c.cookies);
	const me = (await c.call("switchOrganization", 200, { json: { organization_id: to } })).body;
	assert.deepEqual([me.organization?.id, me.role], [to, role]);
	await c.call("getBatch", 404, { path: { batch_id: mine.id } });
	await c.call("getBatch", 200, { path: { batch_id: others.id } });
	assert.ok((await c.call("listBatches", 200, { query: { limit: 1000 } })).body.items.every((b) => b.organization.id === to));
	if (role === "viewer") await c.call("createBatch", 403, { json: formOrder(world.ec, "no", 1) });
	const stale = new Client(world.instance, undefined, "nothing");
	for (const [k, v] of old) stale.cookies.set(k, v);
	await stale.call("getMe", 401);
	// What ends the membership ends the session that acts by it.
	await c.call("switchOrganization", 200, { json: { organization_id: from } });
	await c.call("switchOrganization", 200, { json: { organization_id: second } });
	await op.call("endMembership", 204, { path });
	await c.call("getMe", 401);
	assert.equal((await c.send("GET", "/api/v1/batches", 401)).status, 401);
}, { short: true });
