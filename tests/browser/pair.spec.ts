// One list to several profiles, and how the results are packed.

import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { as, csv, freshMacs, made, password, rows, world } from "../lib/world.ts";
import { accessible, act, expect, row, tab, test } from "./page.ts";

test("a paired order: the same devices from two profiles, confirmed and made together", async ({ portal }) => {
	const page = await portal.open("orderer", { path: "/batches/new?kind=csv" });
	const macs = freshMacs(3);
	const name = `pair ${Date.now()}`;
	await page.getByLabel("Choose File").setInputFiles({ name: "pair.csv", mimeType: "text/csv", buffer: Buffer.from(csv(macs)) });
	await page.getByLabel("Batch Name").fill(name);
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await page.getByText("Order from further profiles too").first().click();
	await page.getByText(world.rsa.name, { exact: true }).last().click();
	await expect(page.getByLabel(world.rsa.name, { exact: true })).toBeChecked();
	await accessible(page);
	await page.getByRole("button", { name: "Next", exact: true }).click();
	await expect(page.getByRole("heading", { name: world.rsa.name })).toBeVisible();
	await expect(page.getByText(macs[2] ?? "").first()).toBeVisible();
	await accessible(page);
	await page.getByRole("button", { name: "Next", exact: true }).click();
	await expect(page.getByRole("heading", { name: "Ordered with it" })).toBeVisible();
	await accessible(page);
	await expect(page.getByRole("listitem").filter({ hasText: name })).toContainText("Ready For Download", { timeout: 60_000 });
	const { items } = (await as("orderer").call("listBatches", 200, { query: { name } })).body;
	expect(items.map((b) => b.profile.id).sort()).toEqual([world.ec.id, world.rsa.id].sort());
});

test("a paired order is refused as a whole", async ({ portal }) => {
	const taken = freshMacs(1);
	const c = as("orderer");
	await c.call("createBatch", 201, { json: { method: "single", profile_id: world.rsa.id, name: "taken", pkcs12_password: password, inputs: { mac_address: taken[0] ?? "" } } });
	const before = (await c.call("listBatches", 200)).body.total;
	const page = await portal.open("orderer", { path: "/batches/new?kind=csv" });
	await page.getByLabel("Choose File").setInputFiles({ name: "pair.csv", mimeType: "text/csv", buffer: Buffer.from(csv(taken)) });
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await page.getByText("Order from further profiles too").first().click();
	await page.getByText(world.rsa.name, { exact: true }).last().click();
	await page.getByRole("button", { name: "Next", exact: true }).click();
	await expect(page.getByRole("cell", { name: new RegExp(world.rsa.name) })).toBeVisible();
	expect((await c.call("listBatches", 200)).body.total).toBe(before);
});

test("a download in another form: certificates alone, with a manifest in JSON", async ({ portal }) => {
	const name = `forms ${Date.now()}`;
	await made(as("orderer"), world.ec, name, 2);
	const page = await portal.open("orderer");
	await tab(page, "Batches");
	for (const [format, file] of [["Certificates alone: a folder a device with all three", /\.cer$/], ["PKCS#12, one file a device", /\.p12$/]] as const) {
		await act(page, name, "Download");
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Files").selectOption({ label: format });
		await accessible(page);
		const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "OK", exact: true }).click()]);
		const files = unzipSync(readFileSync(await download.path()));
		expect(Object.keys(files).some((one) => file.test(one)), format).toBe(true);
		expect(rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString()).length).toBe(2);
		await expect(row(page, name)).toContainText("Downloaded");
	}
});
