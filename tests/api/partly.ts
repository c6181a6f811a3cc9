// A batch of which some devices cannot be certified.  The store is changed behind the program's back while its
// workers stand still; what comes of it is refused by the signer, and by the worker before it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Batch, settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, csr, download, formOrder, freshMac, items, openssl, order, quota, rows, upload, world } from "../lib/world.ts";

/** The worker processes of our instance. */
function workers(): number[] {
	const conf = join(world.instance.dir, "certmill.conf");
	return readdirSync("/proc").filter((p) => /^\d+$/.test(p)).flatMap((p) => {
		try {
			const words = readFileSync(`/proc/${p}/cmdline`, "utf8").split("\0");
			return words.includes("worker") && words.includes("--only") && words.includes(conf) ? [Number(p)] : [];
		} catch {
			return [];
		}
	});
}

function sql(text: string): void {
	execFileSync("sqlite3", ["-cmd", ".timeout 10000", join(world.instance.dir, "store/certmill.db"), text], { stdio: "pipe" });
}

/** What is ordered while no worker moves, and spoilt before they go on. */
async function spoilt(make: () => Promise<Batch>, change: (id: number) => string): Promise<Batch> {
	const still = workers();
	assert.ok(still.length > 0, "there are workers");
	for (const pid of still) process.kill(pid, "SIGSTOP");
	try {
		const b = await make();
		sql(change(b.id));
		return b;
	} finally {
		for (const pid of still) process.kill(pid, "SIGCONT");
	}
}

const ended = (id: number, status: Batch["status"]) => settled(as("orderer"), id, status);

scenario("what the signer refuses fails by itself: the batch is issued partly, and only that is credited", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const macs = [freshMac(), freshMac(), freshMac(), freshMac()];
	const requests = macs.map((m) => csr(`/CN=${m}`)).join("\n");
	// Another curve than the profile takes, and an address that is none.
	const other = openssl(["pkey", "-pubout", "-outform", "DER"].concat(["-in", "k.pem"]), { "k.pem": openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]) });
	const b = await ended(
		(await spoilt(
			() => upload(c, { method: "csr", profile_id: world.ec.id, name: "=partly", inputs: {} }, requests, "application/x-pem-file"),
			(id) => `UPDATE item SET spki = x'${other.toString("hex")}' WHERE batch_id = ${id} AND item_index = 1;
				UPDATE item SET inputs = '{"mac_address":"=cmd|'' /C calc''!A0"}' WHERE batch_id = ${id} AND item_index = 3;`,
		)).id,
		"issued_partly",
	);
	assert.deepEqual([b.size, b.succeeded, b.failed, b.actions], [4, 2, 2, ["download", "reject"]]);
	const charged = await quota(c, world.ec);
	assert.deepEqual([charged.ordered, charged.issued], [before.ordered + 2, before.issued + 2], "what failed was credited");
	assert.deepEqual((await c.call("getBatchHistory", 200, { path: { batch_id: b.id } })).body.map((r) => r.status), ["pending_creation", "pending_issue", "preparing_download", "issued_partly"]);

	const events = await items(c, b.id, { result: "failed" });
	assert.deepEqual(events.map((e) => [e.index, e.status, e.serial_number]), [[1, "created", null], [1, "failed", null], [3, "created", null], [3, "failed", null]]);
	assert.match(events[1]?.message ?? "", /key|P-384|curve/i, "in the signer's words");
	assert.deepEqual((await items(c, b.id, { result: "succeeded" })).map((e) => e.index), [0, 0, 2, 2]);

	const answer = await c.call("getBatchErrors", 200, { path: { batch_id: b.id } });
	assert.match(String(answer.headers["content-type"]), /^text\/csv/);
	assert.match(String(answer.headers["content-disposition"]), new RegExp(`^attachment; filename="?batch-${b.id}-errors.csv`));
	const errors = rows(answer.raw.toString());
	assert.deepEqual(errors.map((r) => [r.index, r.line]), [["1", String(1 + requests.slice(0, requests.indexOf("BEGIN", 40)).split("\n").length - 1)], ["3", errors[1]?.line ?? ""]]);
	assert.equal(errors[0]?.mac_address, macs[1]);
	assert.equal(errors[1]?.mac_address, "'=cmd|' /C calc'!A0", "no cell is a formula");
	for (const r of errors) assert.ok((r.message ?? "").length > 10);
	for (const line of answer.raw.toString().split("\r\n").slice(1)) for (const cell of line.split(",")) assert.ok(!/^"?[=+@-]/.test(cell), cell);
	await as("orderer", true).call("getBatchErrors", 404, { path: { batch_id: b.id } });

	const { files } = await download(c, b.id);
	assert.deepEqual(Object.keys(files).filter((n) => n.includes("-")).toSorted(), [macs[0], macs[2]].map((m) => `${m?.replace(/:/g, "-")}.pem`).toSorted());
	assert.equal(rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString()).length, 2);
	assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status, "downloaded");
	await c.call("rejectBatch", 409, { path: { batch_id: b.id } });
	assert.equal((await quota(c, world.ec)).ordered, before.ordered + 2, "no second credit");
	// What was not made is free again, what was is not.
	// To its end: the next scenario counts what is issued.
	await settled(c, (await upload(c, { method: "csr", profile_id: world.ec.id, name: "again" }, csr(`/CN=${macs[1]}`), "application/x-pem-file")).id);
	await c.call("createBatch", 422, { upload: { order: { method: "csr", profile_id: world.ec.id, name: "again" }, file: csr(`/CN=${macs[0]}`), fileType: "application/x-pem-file" } });
});

scenario("reject after a part failed credits the rest, once; revoke ends what was made", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const three = () => order(c, formOrder(world.ec, "partly", 3));
	const spoil = (id: number) => `UPDATE item SET inputs = '{"mac_address":"red"}' WHERE batch_id = ${id} AND item_index = 0`;
	const rejected = await ended((await spoilt(three, spoil)).id, "issued_partly");
	assert.equal((await quota(c, world.ec)).ordered, before.ordered + 2);
	assert.equal((await c.call("rejectBatch", 200, { path: { batch_id: rejected.id } })).body.status, "rejected");
	assert.deepEqual(await quota(c, world.ec), before);
	await c.call("downloadBatch", 409, { path: { batch_id: rejected.id } });

	const revoked = await ended((await spoilt(three, spoil)).id, "issued_partly");
	await as("revoker").call("revokeBatch", 200, { path: { batch_id: revoked.id }, json: { reason: "superseded" } });
	assert.equal((await ended(revoked.id, "revoked")).revoked, 2);
	assert.equal((await quota(c, world.ec)).ordered, before.ordered + 2, "revoked ones are not credited");
	await c.call("downloadBatch", 409, { path: { batch_id: revoked.id } });
});

scenario("a batch of which nothing could be made has failed, and all of it is credited", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const b = await ended((await spoilt(() => order(c, formOrder(world.ec, "nothing", 2)), (id) => `UPDATE item SET inputs = '{}' WHERE batch_id = ${id}`)).id, "failed");
	assert.deepEqual([b.succeeded, b.failed, b.actions], [0, 2, []]);
	assert.deepEqual(await quota(c, world.ec), before);
	assert.equal(rows((await c.call("getBatchErrors", 200, { path: { batch_id: b.id } })).raw.toString()).length, 2);
	await c.call("downloadBatch", 409, { path: { batch_id: b.id } });
	await c.call("rejectBatch", 409, { path: { batch_id: b.id } });
});
