// Generators other than a MAC's: EUI-64 and decimal numbers, their ends, and that a refusal changes nothing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { settled } from "../lib/client.ts";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { as, items, order, password, quota, world } from "../lib/world.ts";

const counted = { id: 8461, organization: 0 };

/** A profile of the P-256 one's CA with an EUI-64 and a decimal number in its subject. */
async function prepare(): Promise<void> {
	const op = as("operator");
	const { version } = (await op.call("getProfile", 200, { path: { profile_id: world.ec.id } })).body;
	const base = (await op.call("getProfileVersion", 200, { path: { profile_id: world.ec.id, version } })).body as unknown as Record<string, unknown>;
	const input = (name: string, title: string, type: string, more: object) => ({ name, title, type, required: true, sources: ["form", "csv"], ...more });
	const document = {
		...base,
		id: counted.id,
		version: 1,
		name: "Counted",
		methods: ["form", "single", "csv"],
		subject: [{ type: "O", from: "constant", value: "Counted" }, { type: "CN", from: "input", name: "eui64" }, { type: "serialNumber", from: "input", name: "number" }],
		extensions: [{ type: "keyUsage", critical: true, usages: ["digitalSignature"] }, { type: "authorityKeyIdentifier" }],
		inputs: [input("eui64", "EUI-64", "eui64", { generators: ["none", "eui64"] }), input("number", "Number", "decimal", { min_length: 1, max_length: 8, pattern: "[0-57-9][0-9]*", message: "must not begin with 6", generators: ["none", "decimal"] })],
		unique: ["eui64"],
		mac_prefixes: true,
	};
	await op.call("createProfile", 201, { json: document });
	execFileSync(program, ["profile", "activate", String(counted.id), "--dir", world.instance.dir], { stdio: "pipe" });
	counted.organization = (await as("orderer").call("getMe", 200)).body.organization?.id ?? 0;
	const path = { organization_id: counted.organization, profile_id: counted.id };
	await op.call("grantProfile", 200, { path });
	await op.call("topUpQuota", 201, { path, json: { amount: 50, reason: "for a trial" } });
}

const form = (eui64: string, number: string, size: number, generator?: { input: string; increment: number }) => ({
	method: "form", profile_id: counted.id, name: "counted", size, pkcs12_password: password, inputs: { eui64, number }, ...(generator ? { generator } : {}),
});

scenario("EUI-64: counted from the start by the increment, to the last address of the block", async () => {
	await prepare();
	const c = as("orderer");
	const profile = (await c.call("getProfile", 200, { path: { profile_id: counted.id } })).body;
	assert.deepEqual(profile.inputs.map((i) => [i.name, i.type, i.generators]), [["eui64", "eui64", ["eui64"]], ["number", "decimal", ["decimal"]]]);
	const b = await settled(c, (await order(c, form("001a2bfffe0000fe", "17", 3, { input: "eui64", increment: 2 }))).id);
	assert.equal(b.succeeded, 3);
	const subjects = (await items(c, b.id)).flatMap((i) => (i.status === "issued" && i.subject ? [i.subject] : []));
	assert.deepEqual(subjects, ["FE", "00", "02"].map((last, i) => `O=Counted, CN=00:1A:2B:FF:FE:00:0${i === 0 ? 0 : 1}:${last}, serialNumber=17`));
	const end = await settled(c, (await order(c, form("00:1A:2B:FF:FF:FF:FF:FE", "17", 2, { input: "eui64", increment: 1 }))).id);
	assert.ok((await items(c, end.id)).at(-1)?.subject?.includes("CN=00:1A:2B:FF:FF:FF:FF:FF,"));
}, { short: true });

scenario("decimal numbers keep their leading zeros", async () => {
	const c = as("orderer");
	const profile = (await c.call("getProfile", 200, { path: { profile_id: counted.id } })).body;
	const p = (await c.call("createBatch", 200, { query: { preview: true }, json: form("00:1A:2B:00:00:00:00:01", "0098", 1, { input: "number", increment: 5 }) })).body;
	assert.deepEqual([p.size, p.errors, p.sample[0]?.inputs.number], [1, [], "0098"]);
	assert.equal(p.quota_after, (await quota(c, profile)).available - 1);
}, { short: true });

scenario("a run that passes its end is refused by name, and nothing changes", async () => {
	const c = as("orderer");
	const profile = (await c.call("getProfile", 200, { path: { profile_id: counted.id } })).body;
	const before = await quota(c, profile);
	const count = (await c.call("listBatches", 200)).body.total;
	const eui = "00:1A:2B:77:00:00:00:00";
	const cases: [object, string, RegExp][] = [
		[form("00:1A:2B:FF:FF:FF:FF:FE", "1", 3, { input: "eui64", increment: 1 }), "eui64", /leave the block/],
		[form(eui, "1", 3, { input: "eui64", increment: 16_777_216 }), "generator.increment", /16777215/],
		[form("00:1A:2B:FF:FF:FF:00:00", "1", 3, { input: "eui64", increment: 16_777_215 }), "eui64", /leave the block/],
		[form("00:25:00:00:00:00:00:01", "1", 3, { input: "eui64", increment: 1 }), "eui64", /blocks of the organization/],
		[form("00:1A:2B:00:00:01", "1", 3, { input: "eui64", increment: 1 }), "eui64", /6 octets/],
		[form(eui, "99999998", 3, { input: "number", increment: 1 }), "number", /more than its 8 digits/],
		[form(eui, "9", 2, { input: "number", increment: 1 }), "number", /leading zeros/],
		[form(eui, "598", 3, { input: "number", increment: 1 }), "number", /begin with 6/],
		[form(eui, "000", 2, { input: "number", increment: 1 }), "eui64", /same as/],
		[form(eui, "1.5E+3", 2, { input: "number", increment: 1 }), "number", /scientific/],
		[form(eui, "1", 2, { input: "colour", increment: 1 }), "generator.input", /no such input/],
		[form(eui, "1", 2, { input: "eui64", increment: 0 }), "generator.increment", /1/],
		[form(eui, "1", 2), "generator", /generator/],
	];
	for (const [json, field, message] of cases) {
		const { errors } = (await c.call("createBatch", 422, { json })).body;
		assert.ok(errors?.some((e) => e.field === field && message.test(e.message)), `${JSON.stringify(json)}: ${JSON.stringify(errors)}`);
		const p = (await c.call("createBatch", [200, 422] as never, { query: { preview: true }, json })) as unknown as { body: { errors: { field?: string }[] } };
		assert.ok(p.body.errors.some((e) => e.field === field), `the preview of ${JSON.stringify(json)}`);
	}
	assert.deepEqual(await quota(c, profile), before);
	assert.equal((await c.call("listBatches", 200)).body.total, count);
});
