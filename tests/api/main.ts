// Starts an instance, runs the scenarios one after another, ends the instance.
//   node --import tsx api/main.ts [--short] [--store URI] [--only FILE,FILE]

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { closeAgents } from "../lib/http.ts";
import { Instance } from "../lib/instance.ts";
import { rested, setWorld } from "../lib/world.ts";

const only = process.argv.indexOf("--only");
const store = process.argv.indexOf("--store");
const instance = await Instance.make(store > 0 ? ["--store", process.argv[store + 1] ?? ""] : []);
process.on("SIGTERM", () => process.exit(143));
process.on("SIGINT", () => process.exit(130));

after(async () => {
	closeAgents();
	await instance.remove();
});

try {
	await setWorld(instance);
} catch (e) {
	test("the demo has what the contract promises", () => {
		throw e;
	});
	await instance.stop();
}

if (instance.pid) {
	beforeEach(() => rested());
	for (const file of ["start", "contract", "login", "tokens", "profiles", "orders", "csv", "csr", "lists", "download", "packaging", "quota", "revoke", "foreign", "operator", "editing", "generators", "partly", "attack", "factors", "cli", "bad", "roles", "several", "finish"])
		if (only < 0 || process.argv[only + 1]?.split(",").includes(file)) await import(`./${file}.ts`);

	test("SIGTERM: gone within 10 s", async () => {
		closeAgents();
		const ms = await instance.stop();
		assert.ok(ms > 0 && ms < 10_000, `took ${ms} ms`);
	});
}
