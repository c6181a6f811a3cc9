// CSV as real people make it.

import assert from "node:assert/strict";
import { settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, csv, csvOrder, freshMacs, items, quota, sample, upload, world } from "../lib/world.ts";

scenario("modems-with-errors.csv: all five bad lines at once, and nothing is ordered", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const o = csvOrder(world.ec, "modems-with-errors.csv");
	const file = sample("modems-with-errors.csv");
	const p = (await c.call("createBatch", 200, { query: { preview: true }, upload: { order: o, file } })).body;
	const r = (await c.call("createBatch", 422, { upload: { order: o, file } })).body;
	for (const errors of [p.errors, r.errors ?? []]) {
		assert.deepEqual(errors.map((e) => e.line), [6, 9, 13, 17, 20], JSON.stringify(errors));
		for (const e of errors) assert.equal(e.field, "mac_address");
		assert.match(errors[2]?.message ?? "", /line 5\b/, "the duplicate names the line it repeats");
	}
	assert.deepEqual(await quota(c, world.ec), before);
}, { short: true });

scenario("modems-excel-semicolon.csv: byte order mark, semicolons and an unknown column are no errors", async () => {
	const c = as("orderer");
	const file = sample("modems-excel-semicolon.csv");
	const p = (await c.call("createBatch", 200, { query: { preview: true }, upload: { order: csvOrder(world.ec, "excel"), file } })).body;
	assert.deepEqual(p.errors, []);
	assert.ok(p.warnings.some((w) => w.field === "note" || /note/.test(w.message)), JSON.stringify(p.warnings));
	assert.match(p.sample[0]?.inputs.mac_address ?? "", /^00:1D:D1:01:00:00$/);
	const b = await upload(c, csvOrder(world.ec, "modems-excel-semicolon.csv"), file);
	assert.equal(b.size, p.size);
	await settled(c, b.id);
	const rows = await items(c, b.id);
	assert.equal(rows.length, 2 * b.size);
	assert.equal(rows[0]?.message, "Created from CSV line 0");
	assert.equal(rows.at(-2)?.message, `Created from CSV line ${b.size - 1}`);
	assert.ok(rows[1]?.subject?.includes("00:1D:D1:01:00:00"));
}, { short: true });

scenario("line ends, separators, encodings, header spellings, blank lines: all the same to us", async () => {
	const c = as("orderer");
	const m = freshMacs(3);
	const files: [string, Buffer | string][] = [
		["LF", `mac_address\n${m.join("\n")}\n`],
		["CR", `mac_address\r${m.join("\r")}\r`],
		["no last line end", `mac_address\n${m.join("\n")}`],
		["tab, more columns", `serial\tmac_address\n${m.map((x, i) => `${i}\t${x}`).join("\n")}\n`],
		["header in capitals", `MAC_Address\n${m.join("\n")}\n`],
		["quotes", `"mac_address"\r\n${m.map((x) => `"${x}"`).join("\r\n")}\r\n`],
		["blank lines", `mac_address\n\n${m.join("\n\n")}\n\n`],
		["UTF-8 with mark", `\ufeff${csv(m)}`],
		["UTF-16LE", Buffer.from(`\ufeff${csv(m)}`, "utf16le")],
		["UTF-16BE", Buffer.from(`\ufeff${csv(m)}`, "utf16le").swap16()],
	];
	for (const [what, file] of files) {
		const p = (await c.call("createBatch", 200, { query: { preview: true }, upload: { order: csvOrder(world.ec, what), file } })).body;
		assert.deepEqual(p.errors, [], what);
		assert.equal(p.size, 3, what);
		assert.deepEqual(p.sample.map((s) => s.inputs.mac_address), m, what);
	}
});

scenario("files that are not what they should be are refused with the reason", async () => {
	const c = as("orderer");
	const m = freshMacs(2);
	const bad: [string, Buffer | string, number?][] = [
		["empty", ""],
		["only a header", "mac_address\r\n"],
		["missing column", "mac\r\n00:1A:2B:00:00:01\r\n"],
		["double column", `mac_address,MAC_ADDRESS\r\n${m[0]},${m[1]}\r\n`],
		["too few fields", `serial,mac_address\r\n1\r\n`, 2],
		["open quote", `mac_address\r\n"${m[0]}\r\n`, 2],
		["NUL", `mac_address\r\n${m[0]}\0\r\n`, 2],
		["not UTF-8", Buffer.from(`mac_address\r\n${m[0]}\r\n\xe4\r\n`, "latin1"), 3],
		["a PNG", Buffer.from("89504e470d0a1a0a0000000d4948445200000001", "hex")],
		["a very long field", `mac_address\r\n${"A".repeat(200_000)}\r\n`, 2],
	];
	for (const [what, file, line] of bad) {
		const r = await c.call("createBatch", 422, { upload: { order: csvOrder(world.ec, what), file } });
		assert.ok((r.body.errors?.length ?? 0) > 0, `${what}: ${r.body.detail}`);
		if (line) assert.equal(r.body.errors?.[0]?.line, line, `${what}: ${JSON.stringify(r.body.errors)}`);
	}
});

scenario("the line of a record is the physical one", async () => {
	const c = as("orderer");
	const m = freshMacs(2);
	const file = `note,mac_address\r\n"two\r\nlines",${m[0]}\r\n\r\nx,nonsense\r\n`;
	const r = await c.call("createBatch", 422, { upload: { order: csvOrder(world.ec, "lines"), file } });
	assert.deepEqual(r.body.errors?.map((e) => e.line), [5]);
});

scenario("a file with a thousand bad lines names them, within reason", async () => {
	const c = as("orderer");
	const file = csv(Array.from({ length: 5000 }, (_, i) => `bad-${i}`));
	const r = await c.call("createBatch", 422, { upload: { order: csvOrder(world.ec, "thousands"), file } });
	assert.ok((r.body.errors?.length ?? 0) >= 100);
	assert.match(r.body.detail, /5,?000/);
});

scenario("an upload whose order is wrong, missing, late or doubled", async () => {
	const c = as("orderer");
	const file = csv(freshMacs(1));
	await c.call("createBatch", 400, { upload: { order: "{not json", file } });
	const unknown = await c.call("createBatch", 422, { upload: { order: { ...csvOrder(world.ec, "x"), profile_id: 999_999 }, file } });
	assert.ok(unknown.body.errors?.some((e) => e.field === "profile_id"));
	await c.call("createBatch", 422, { upload: { order: { ...csvOrder(world.ec, "x"), pkcs12_password: "" }, file } });
	await c.call("createBatch", 413, { upload: { order: { ...csvOrder(world.ec, "x"), filler: "x".repeat(70_000) }, file } });
	const part = (name: string, body: string, more = "") => `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${body}\r\n`;
	const o = JSON.stringify(csvOrder(world.ec, "parts"));
	const send = (body: string, expect: number[]) => c.send("POST", "/api/v1/batches", expect, { headers: { "content-type": "multipart/form-data; boundary=b" }, body });
	await send(`${part("file", file, '; filename="a.csv"')}${part("order", o)}--b--\r\n`, [400, 422]);
	await send(`${part("order", o)}--b--\r\n`, [400, 422]);
	await send(`${part("order", o)}${part("order", o)}--b--\r\n`, [400, 422]);
	await send(`${part("order", o)}${part("surprise", "x")}--b--\r\n`, [400, 422]);
	await send(part("order", o), [400, 422]);
	await send("", [400, 422]);
	await c.send("POST", "/api/v1/batches", [400, 415], { headers: { "content-type": "multipart/form-data" }, body: "x" });
	await c.send("POST", "/api/v1/batches", 415, { headers: { "content-type": "text/plain" }, body: "x" });
});
