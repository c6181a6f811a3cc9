// Wrong input: a named problem, nothing changed, never a 5xx.

import assert from "node:assert/strict";
import * as net from "node:net";
import * as tls from "node:tls";
import type { Problem } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, quota, world } from "../lib/world.ts";

const json = { "content-type": "application/json" };

/** What is answered to an upload that goes on in drops; it takes as long as the daemon looks at a body's rate. */
function dripped(): Promise<string> {
	const c = as("orderer");
	return new Promise((resolve, reject) => {
		const s = tls.connect({ host: "localhost", port: world.instance.base + 443, ca: c.tls.ca, servername: "localhost", ALPNProtocols: ["http/1.1"] }, () => {
			s.write(`POST /api/v1/batches HTTP/1.1\r\nhost: localhost:${world.instance.base + 443}\r\nauthorization: Bearer ${c.token}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000\r\n\r\n--b\r\n`);
		});
		const drop = setInterval(() => s.write("x"), 500);
		let text = "";
		s.setTimeout(60_000, () => s.destroy(new Error("no answer to drops")));
		s.on("data", (d) => (text += d));
		s.on("error", (e) => (text ? undefined : reject(e)));
		s.on("close", () => {
			clearInterval(drop);
			resolve(text);
		});
	});
}
let drops: Promise<string>;

scenario("an upload in drops is begun", () => {
	drops = dripped();
	drops.catch(() => {});
});

scenario("an order with a wrong field names it", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const good = formOrder(world.ec, "bad fields", 2);
	const cases: [string, object][] = [
		["profile_id", { profile_id: 999_999 }], ["profile_id", { profile_id: "1" }], ["profile_id", { profile_id: -1 }], ["profile_id", { profile_id: 1.5 }], ["profile_id", { profile_id: null }],
		["size", { size: 0 }], ["size", { size: -1 }], ["size", { size: 1_000_001 }], ["size", { size: "2" }], ["size", { size: 1e300 }],
		["name", { name: 7 }], ["name", { name: undefined }],
		["pkcs12_password", { pkcs12_password: "" }], ["pkcs12_password", { pkcs12_password: undefined }], ["pkcs12_password", { pkcs12_password: "Pässword" }], ["pkcs12_password", { pkcs12_password: "x".repeat(200) }],
		["generator", { generator: undefined }], ["generator.increment", { generator: { input: "mac_address", increment: 0 } }], ["generator.input", { generator: { input: "colour", increment: 1 } }],
		["mac_address", { inputs: {} }], ["mac_address", { inputs: { mac_address: "1.23E+11" } }], ["mac_address", { inputs: { mac_address: "01:00:5E:00:00:01" } }], ["mac_address", { inputs: { mac_address: "00:1A:2B" } }],
		["colour", { inputs: { mac_address: (good.inputs as { mac_address: string }).mac_address, colour: "red" } }],
		["method", { method: "magic" }], ["method", { method: undefined }], ["pkcs12_mode", { pkcs12_mode: "rot13" }], ["surprise", { surprise: 1 }],
	];
	for (const [field, change] of cases) {
		const r = await c.call("createBatch", 422, { json: { ...good, ...change } });
		assert.ok(r.body.errors?.some((e) => e.field === field || e.field?.startsWith(`${field}.`) || e.field?.endsWith(`.${field}`)), `${JSON.stringify(change)}: ${JSON.stringify(r.body.errors)}`);
		assert.ok(!r.raw.toString().includes("Pässword"), "a password is not repeated");
	}
	assert.deepEqual(await quota(c, world.ec), before);
});

scenario("what is not JSON, or JSON of another shape, is 400 or 422", async () => {
	const c = as("orderer");
	const deep = "[".repeat(100_000 / 4) + "]".repeat(100_000 / 4);
	for (const [body, expect] of [["", 400], ["{", 400], ["nul", 400], ["{}x", 400], [`{"a":1,"a":2}`, 400], ["\ufeff{}", 400], ["\u0000", 400], [deep, 400], ["[]", 422], ["null", 422], ["7", 422], ["{}", 422]] as const)
		for (const path of ["/api/v1/batches"]) await c.send("POST", path, [expect, 400], { headers: json, body });
	for (const body of ["{", "[]", `{"username":1}`, `{"username":"a"}`]) await c.send("POST", "/api/v1/session", [400, 422], { headers: json, body });
	await c.send("POST", "/api/v1/session", 415, { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "username=a&password=b" });
});

scenario("paths, methods, ids", async () => {
	const c = as("orderer");
	for (const path of ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/me", "/api/v1/batches/", "/api/v1/me/x"]) await c.send("GET", path, 404);
	for (const id of ["abc", "0", "-1", "1.5", "99999999999999999999", "%00", "1%2f2", "1;x"]) await c.send("GET", `/api/v1/batches/${id}`, [400, 404], { plain: true });
	for (const serial of ["zz", "00", "7".repeat(33)]) await c.send("GET", `/api/v1/certificates/${serial}`, [404], { plain: true });
	for (const [method, path, allow] of [["PUT", "/api/v1/batches", ["GET", "POST"]], ["DELETE", "/api/v1/me", ["GET"]], ["GET", "/api/v1/batches/1/reject", ["POST"]], ["PATCH", "/api/v1/profiles/1", ["GET"]]] as const) {
		const r = await c.send(method, path, 405);
		const said = String(r.headers.allow).split(/\s*,\s*/);
		for (const m of allow) assert.ok(said.includes(m), `${path}: Allow: ${r.headers.allow}`);
		assert.ok(!said.includes(method));
	}
	for (const path of ["/api/v1/../v1/me", "/api/v1/batches/..%2f..%2fme", "/api/v1//me"]) await c.send("GET", path, [400, 404], { plain: true });
});

scenario("sizes: target, header block, body", async () => {
	const c = as("orderer");
	await c.send("GET", `/api/v1/batches?name=${"x".repeat(40_000)}`, 414);
	await c.send("GET", "/api/v1/me", 431, { headers: { "x-filler": "x".repeat(30_000), "x-more": "y".repeat(30_000) } });
	await c.send("GET", "/api/v1/me", 431, { headers: { "x-filler": "x".repeat(100_000) } });
	await c.send("POST", "/api/v1/session", 413, { headers: json, body: JSON.stringify({ username: "a", password: "x".repeat(3_000_000) }) });
	await c.send("POST", "/api/v1/batches", 413, { headers: json, body: `{"name":"${"x".repeat(200_000)}"}` });
	await c.send("POST", "/api/v1/batches/1/reject", [400, 404, 413], { headers: json, body: "x".repeat(100_000) });
});

scenario("401 and 403 come before any look at the body, and an upload is not waited for", async () => {
	const c = as("orderer");
	for (const [token, status] of [["nobody", 401], [world.instance.user("viewer").token, 403]] as const) {
		const r = await new Promise<string>((resolve, reject) => {
			const s = tls.connect({ host: "localhost", port: world.instance.base + 443, ca: c.tls.ca, servername: "localhost", ALPNProtocols: ["http/1.1"] }, () => {
				s.write(`POST /api/v1/batches HTTP/1.1\r\nhost: localhost:${world.instance.base + 443}\r\nauthorization: Bearer ${token}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 200000000\r\n\r\n--b\r\n`);
			});
			let text = "";
			s.setTimeout(10_000, () => s.destroy(new Error("no answer before the body")));
			s.on("data", (d) => {
				text += d;
				if (text.includes("\r\n\r\n")) {
					resolve(text);
					s.destroy();
				}
			});
			s.on("error", reject);
		});
		assert.match(r, new RegExp(`^HTTP/1.1 ${status} `));
	}
});

scenario("garbage on the listeners is turned away and leaves them standing", async () => {
	for (const port of [443, 444, 80]) {
		await new Promise<void>((resolve) => {
			const s = net.connect(world.instance.base + port, "localhost", () => s.write(Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) & 255))));
			s.setTimeout(3000, () => s.destroy());
			s.on("error", () => {});
			s.on("data", () => {});
			s.on("close", () => resolve());
		});
	}
	await as("viewer").call("getMe", 200);
	const plain = await new Promise<string>((resolve) => {
		const s = net.connect(world.instance.base + 443, "localhost", () => s.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
		let text = "";
		s.setTimeout(3000, () => s.destroy());
		s.on("data", (d) => (text += d));
		s.on("error", () => {});
		s.on("close", () => resolve(text));
	});
	assert.match(plain, /^HTTP\/1\.1 (400|497|30[1278])/, "HTTP on the HTTPS port");
});

scenario("problems are problems, wherever they come from", async () => {
	const c = as("viewer");
	const r = await c.send("GET", "/api/v1/batches/424242", 404);
	const p = r.body as Problem;
	assert.match(p.type, /^urn:certmill:problem:[a-z0-9_]+$/);
	assert.equal(p.type.split(":").pop(), p.code);
	assert.match(String(r.headers["content-type"]), /^application\/problem\+json/);
});

scenario("an upload that only drips is 408, with a problem, and its connection ends", async () => {
	const text = await drops;
	assert.match(text, /^HTTP\/1\.1 408 /);
	assert.match(text, /\r\ncontent-type: application\/problem\+json\r\n/i);
	assert.match(text, /\r\nx-request-id: [0-9a-f]{32}\r\n/i);
	const problem = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as Problem;
	assert.deepEqual([problem.status, problem.code], [408, "timeout"]);
});
