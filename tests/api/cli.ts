// The operator's command line beside the running instance: same rules, same audit log.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../lib/client.ts";
import { root } from "../lib/contract.ts";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { as, world } from "../lib/world.ts";

interface Ran {
	status: number;
	out: string;
	err: string;
}

function run(words: string[], input = ""): Ran {
	const r = spawnSync(program, words, { input, encoding: "utf8", env: { PATH: process.env.PATH ?? "" } });
	return { status: r.status ?? -1, out: r.stdout, err: r.stderr };
}

/** A command that must succeed, its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what each command prints is looked at where it is used
function json(...words: string[]): any {
	const r = run([...words, "--json", "--dir", world.instance.dir]);
	assert.equal(r.status, 0, `${words.join(" ")}: ${r.err}`);
	return r.out === "" ? undefined : JSON.parse(r.out);
}

/** One that must fail with one line that says why. */
function fails(status: number, why: RegExp, ...words: string[]): void {
	const r = run([...words, "--dir", world.instance.dir]);
	assert.equal(r.status, status, `${words.join(" ")}: ${r.out}${r.err}`);
	assert.equal(r.err.trim().split("\n").length, 1, r.err);
	assert.match(r.err, why);
	assert.match(r.err, new RegExp(`^certmill ${words[0]}`));
}

const name = `Console ${Date.now()}`;

scenario("certmill org, quota, user, token: from nothing to an order", async () => {
	const o = json("org", "create", name, "--parameter", "country=US", "--parameter", `organization_name=${name}`, "--mac-prefix", "00-1a-2b");
	assert.deepEqual([o.name, o.mac_prefixes, o.parameters.country], [name, ["00:1A:2B"], "US"]);
	fails(1, /already/, "org", "create", name);
	assert.equal(json("org", "activate", name).parameters_version, 1);
	const changed = json("org", "set", name, "--parameter", "country=DE", "--approval-above", "500", "--password-min", "14");
	assert.deepEqual([changed.parameters_version, changed.approval_above, changed.password_min_length], [2, 500, 14]);
	json("org", "activate", String(o.id));
	assert.ok(json("org", "list").items.some((x: { name: string }) => x.name === name));

	fails(1, /granted/, "quota", "top-up", name, String(world.ec.id), "10", "--reason", "too early");
	json("quota", "grant", name, world.ec.name);
	assert.equal(json("quota", "top-up", name, String(world.ec.id), "10", "--reason", "contract 1").allocated, 10);
	fails(1, /taken back/, "quota", "top-up", name, String(world.ec.id), "-11", "--reason", "too much");
	assert.equal(json("quota", "show", name).items[0].available, 10);
	assert.equal(json("quota", "ledger", name, String(world.ec.id)).items[0].reason, "contract 1");

	const username = `console-${Date.now()}`;
	json("user", "create", username, "--name", "Connie Console", "--email", "c@demo.example", "--role", "orderer", "--org", name);
	fails(1, /taken/, "user", "create", username, "--name", "C", "--email", "c@demo.example", "--role", "orderer", "--org", name);
	fails(1, /instance/, "user", "create", `${username}-2`, "--name", "C", "--email", "c@demo.example", "--role", "orderer");
	const short = run(["user", "password", username, "--password-file", "-", "--dir", world.instance.dir], "short 1\n");
	assert.deepEqual([short.status, /14/.test(short.err)], [1, true], short.err);
	assert.equal(run(["user", "password", username, "--password-file", "-", "--dir", world.instance.dir], "long enough for all of them\n").status, 0);
	assert.deepEqual(json("user", "role", username, "orderer", "--org", name, "--profile", world.ec.name).memberships[0].profile_ids, [world.ec.id]);

	const t = json("token", "create", username, "--org", name, "--name", "line", "--scope", "order");
	const c = new Client(world.instance);
	c.token = t.token;
	const me = (await c.call("getMe", 200)).body;
	assert.deepEqual([me.username, me.organization?.name, me.profiles.map((p) => p.id)], [username, name, [world.ec.id]]);
	assert.ok(json("token", "list", "--org", name).items.some((x: { id: string }) => x.id === t.id));
	json("token", "revoke", t.id, "--org", name);
	await c.call("getMe", 401);
	json("user", "disable", username);
	json("user", "enable", username);
	json("org", "suspend", name);
	json("org", "resume", name);
	json("quota", "withdraw", name, String(world.ec.id));
}, { short: true });

scenario("certmill user certificate: registered, listed, revoked", () => {
	const pem = readFileSync(join(world.instance.dir, "tls/admin-ca.pem"), "utf8");
	const file = join(world.instance.dir, "some.pem");
	const username = `cert-${Date.now()}`;
	json("user", "create", username, "--name", "C", "--email", "c@demo.example", "--role", "auditor");
	writeFileSync(file, pem);
	const listed = json("user", "certificate", username, "--add", file).items;
	assert.equal(listed.length, 1);
	fails(1, /already/, "user", "certificate", username, "--add", file);
	assert.ok(json("user", "certificate", username, "--revoke", listed[0].sha256).items[0].revoked_at);
	json("user", "certificate", username, "--invite");
	writeFileSync(file, "nothing");
	fails(1, /no certificate/, "user", "certificate", username, "--add", file);
});

scenario("certmill profile: a new version is prepared, signed, ordered", async () => {
	const folder = join(root, "profiles/docsis-3.1");
	const file = readdirSync(folder).find((f) => JSON.parse(readFileSync(join(folder, f), "utf8")).id === world.rsa.id) ?? "";
	const next = { ...JSON.parse(readFileSync(join(folder, file), "utf8")), version: 2, description: "Another one." };
	const path = join(world.instance.dir, "next.json");
	writeFileSync(path, JSON.stringify(next));
	assert.deepEqual(json("profile", "import", path).items.map((x: { version: number }) => x.version), [2]);
	assert.equal((await as("orderer").call("getProfile", 200, { path: { profile_id: world.rsa.id } })).body.version, 1, "prepared only");
	json("profile", "activate", String(world.rsa.id));
	const now = (await as("orderer").call("getProfile", 200, { path: { profile_id: world.rsa.id } })).body;
	assert.deepEqual([now.version, now.description], [2, "Another one."]);
	assert.deepEqual(json("profile", "show", String(world.rsa.id)).items.map((x: { active: boolean }) => x.active), [true, false]);
	writeFileSync(path, JSON.stringify({ ...next, version: 9 }));
	fails(1, /next version/, "profile", "import", path);
	writeFileSync(path, "{");
	fails(1, /./, "profile", "import", path);
	fails(1, /no such|No such|not/, "profile", "import", join(world.instance.dir, "nowhere.json"));
});

scenario("certmill audit, ca: the log has it all, and is whole", () => {
	const actions = json("audit", "list", "--limit", "1000", "--user", "@").items.map((x: { action: string }) => x.action);
	for (const a of ["organization.created", "organization.activated", "quota.top_up", "user.created", "token.created", "profile.activated"]) assert.ok(actions.includes(a), `${a} among ${actions}`);
	const verified = json("audit", "verify");
	assert.deepEqual([verified.whole, verified.signatures_checked], [true, true]);
	const r = run(["audit", "export", "--dir", world.instance.dir]);
	assert.match(r.out, /^time,user,organization,action,object,detail,address,request_id\r\n/);
	const ca = json("ca", "list").items.find((x: { id: string }) => x.id === world.ec.ca.id);
	assert.ok(ca.profiles.includes(world.ec.id));
	assert.match(run(["ca", "show", ca.name, "--pem", "--dir", world.instance.dir]).out, /BEGIN CERTIFICATE/);
	fails(1, /ca list/, "ca", "show", "nobody");
});

scenario("wrong usage is 2 and says where to look; --help is 0", () => {
	for (const command of ["org", "user", "profile", "quota", "token", "audit", "ca", "routes"]) {
		const help = run([command, "--help"]);
		assert.deepEqual([help.status, help.err], [0, ""]);
		assert.match(help.out, new RegExp(`^usage: certmill ${command} `));
	}
	fails(2, /--help/, "org", "frobnicate");
	fails(2, /--help/, "org", "create");
	fails(2, /--help/, "org", "create", "x", "--colour", "red");
	fails(2, /--help/, "quota", "top-up", name, String(world.ec.id), "many", "--reason", "x");
	assert.equal(run(["org", "list"]).status, 2);
	const nowhere = run(["org", "list", "--dir", "/nonexistent"]);
	assert.deepEqual([nowhere.status, nowhere.err.trim().split("\n").length], [1, 1], nowhere.err);
});

scenario("certmill crl: what is published, and a new list at once", async () => {
	const of = (ca: string) => json("crl", "list", ca).items.find((r: { kind: string }) => r.kind === "full");
	const before = json("crl", "list").items.find((r: { kind: string }) => r.kind === "full");
	assert.deepEqual([before.status, before.shard, before.url.endsWith(`/crl/${before.ca_id}.crl`)], ["current", null, true]);
	run(["crl", "renew", before.ca, "--dir", world.instance.dir]);
	for (let i = 0; of(before.ca_id).number <= before.number; i++) {
		assert.ok(i < 200, "no new list came");
		await new Promise((done) => setTimeout(done, 100));
	}
	assert.equal(json("audit", "list", "--action", "crl.asked").items[0].object, `ca ${before.ca_id}`);
	fails(1, /ca list/, "crl", "list", "nobody");
	fails(1, /ca list/, "crl", "renew", "nobody");
});
