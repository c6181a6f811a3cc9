// What comes last: the thousand modems, the limits of guessing, and a look at the whole store.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Client, settled } from "../lib/client.ts";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { as, download, rows, serials, world } from "../lib/world.ts";
import { thousand } from "./start.ts";

scenario("modems-1000.csv has become a thousand certificates", async () => {
	const c = as("orderer");
	const b = await settled(c, thousand.id, "ready_for_download", 200_000);
	assert.deepEqual([b.size, b.succeeded, b.failed], [1000, 1000, 0]);
	assert.equal(new Set(await serials(c, b.id)).size, 1000);
	const { files } = await download(c, b.id);
	const manifest = rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString());
	assert.equal(manifest.length, 1000);
	assert.equal(manifest[999]?.mac_address, "00:1D:D1:00:07:CE");
	assert.equal(Object.keys(files).length, 1002);
});

scenario("guessing is slowed down: 429 within 25 tries, for users who exist and who do not", async () => {
	const victim = world.instance.user("orderer", true);
	const known = new Client(world.instance, victim, "nothing");
	await known.logIn();
	await known.call("deleteSession", 204);
	for (const username of [victim.username, `nobody-${Date.now()}`]) {
		const c = new Client(world.instance);
		let tries = 0;
		for (let status = 401; status !== 429; ) {
			tries++;
			assert.ok(tries <= 25, `${username}: no 429 within 25 tries`);
			const r = await c.send("POST", "/api/v1/session", [401, 429], { headers: { "content-type": "application/json" }, body: JSON.stringify({ username, password: `guess ${tries}` }) });
			status = r.status;
			if (status === 429) assert.ok(Number(r.headers["retry-after"]) >= 1 && Number(r.headers["retry-after"]) <= 900, `Retry-After: ${r.headers["retry-after"]}`);
		}
		c.cookies.clear();
	}
	// The right password of a stranger's browser waits too; a browser that the user knows does not.
	const stranger = new Client(world.instance, victim, "nothing");
	await stranger.call("createSession", 429, { json: { username: victim.username, password: victim.password } });
	assert.ok(known.cookies.size > 0, "the browser is known by a cookie that outlives the session");
	await known.logIn();
	await known.call("deleteSession", 204);
});

scenario("certmill check finds the store and the journal in agreement", () => {
	execFileSync(program, ["check", "--dir", world.instance.dir], { stdio: ["ignore", "pipe", "pipe"] });
	execFileSync(program, ["audit", "verify", "--dir", world.instance.dir], { stdio: ["ignore", "pipe", "pipe"] });
}, { short: true });
