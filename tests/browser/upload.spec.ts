// Uploads of requests and of spreadsheets: every form they come in, and what is refused loudly.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { zipSync } from "fflate";
import { as, csr, freshMac, openssl, world } from "../lib/world.ts";
import { accessible, expect, row, tab, test } from "./page.ts";

const next = (page: Page) => page.getByRole("button", { name: "Next", exact: true });
const batches = async () => (await as("viewer").call("listBatches", 200)).body.total;

async function uploadTab(page: Page, kind: "Upload CSRs" | "Upload CSV"): Promise<void> {
	await tab(page, "Batches");
	await page.getByRole("button", { name: "New order" }).click();
	await page.getByRole("tab", { name: kind, exact: true }).click();
}

function der(subject: string): Buffer {
	return openssl(["req", "-inform", "PEM", "-in", "r.pem", "-outform", "DER"], { "r.pem": csr(subject) });
}

test("the CSV template's icon gives the columns that an upload takes", async ({ portal }) => {
	const page = await portal.open("orderer");
	await uploadTab(page, "Upload CSV");
	const icon = page.getByRole("link", { name: "Download the CSV template" });
	await expect(icon.locator("svg")).toBeVisible();
	const [file] = await Promise.all([page.waitForEvent("download"), icon.click()]);
	expect(file.suggestedFilename()).toMatch(/\.csv$/);
	const template = readFileSync(await file.path(), "utf8");
	for (const input of world.ec.inputs) expect(template.split(/\r?\n/)[0]).toContain(input.name);
	// The template with a row filled in is an order.
	const line = (template.split(/\r?\n/)[0] ?? "").split(",").map((name) => (name === "mac_address" ? freshMac() : ""));
	await page.getByLabel("Choose File").setInputFiles({ name: "from template.csv", mimeType: "text/csv", buffer: Buffer.from(`${template.split(/\r?\n/)[0]}\r\n${line.join(",")}\r\n`) });
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill("correct horse 9 battery");
	await next(page).click();
	await expect(page.getByText("What will be made")).toBeVisible();
});

test("many requests: one PEM file, a ZIP and a DER; each is ordered under its name", async ({ portal }) => {
	const page = await portal.open("orderer");
	const macs = Array.from({ length: 6 }, () => freshMac());
	const [a, b, c, d, e, f] = macs.map((mac) => `/CN=${mac}`) as [string, string, string, string, string, string];
	const files: [string, Buffer, number][] = [
		[`many-${Date.now()}.pem`, Buffer.from([a, b, c].map((subject) => csr(subject)).join("")), 3],
		[`packed-${Date.now()}.zip`, Buffer.from(zipSync({ "one.csr": Buffer.from(csr(d)), "sub/two.pem": Buffer.from(csr(e)) })), 2],
		[`single-${Date.now()}.der`, der(f), 1],
	];
	for (const [name, buffer, count] of files) {
		await uploadTab(page, "Upload CSRs");
		await page.getByLabel("Choose File").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
		await expect(page.getByLabel("Batch Name")).toHaveValue(name);
		if (name.endsWith(".pem")) await expect(page.getByText(`${count} requests found.`)).toBeVisible();
		await next(page).click();
		await expect(page.getByText("What will be made")).toBeVisible();
		await accessible(page);
		await next(page).click();
		await expect(page.getByText(/Batch \d+ is ordered/)).toBeVisible();
		await tab(page, "Batches");
		await expect(row(page, name)).toContainText("Ready For Download", { timeout: 60_000 });
		await expect(row(page, name).getByRole("cell").filter({ hasText: new RegExp(`^${count}$`) }).first()).toBeVisible();
	}
});

test("what a request lacks is asked for at its field, and typed beside the upload", async ({ portal }) => {
	const page = await portal.open("orderer");
	const before = await batches();
	const name = `bare-${Date.now()}.csr`;
	await uploadTab(page, "Upload CSRs");
	await page.getByLabel("Choose File").setInputFiles({ name, mimeType: "application/octet-stream", buffer: der("/O=Somebody") });
	await next(page).click();
	await expect(page.getByText("The portal refuses this order").or(page.locator('[aria-invalid="true"]')).first()).toBeVisible();
	await accessible(page);
	expect(await batches()).toBe(before);
	const mac = freshMac();
	await page.getByLabel(/^MAC Address/).fill(mac);
	await next(page).click();
	await expect(page.getByText("What will be made")).toBeVisible();
	await expect(page.getByText(mac).first()).toBeVisible();
	// What the request asked for and the profile does not take is said before anything is ordered.
	await expect(page.getByText("Worth a look")).toBeVisible();
	await next(page).click();
	await expect(page.getByText(/Batch \d+ is ordered/)).toBeVisible();
	await tab(page, "Batches");
	await expect(row(page, name)).toContainText("Ready For Download", { timeout: 60_000 });
});

test("a private key in the upload is refused loudly: in the browser, and inside a ZIP by the portal", async ({ portal }) => {
	const page = await portal.open("orderer");
	const before = await batches();
	const key = openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]).toString();
	const request = csr(`/CN=${freshMac()}`);
	let sent = 0;
	page.on("request", (r) => {
		if (r.method() === "POST" && r.url().includes("/batches")) sent++;
	});
	await uploadTab(page, "Upload CSRs");
	await page.getByLabel("Choose File").setInputFiles({ name: "with key.pem", mimeType: "application/x-pem-file", buffer: Buffer.from(key + request) });
	await expect(page.getByRole("alert").filter({ hasText: "This file holds a private key. It was not sent." })).toBeVisible();
	await accessible(page);
	await next(page).click();
	await expect(page.getByText("Choose a file without a private key.")).toBeVisible();
	expect(sent, "the key has not left the browser").toBe(0);

	const zip = Buffer.from(zipSync({ "one.csr": Buffer.from(request), "one.key": Buffer.from(key) }));
	await page.getByLabel("Choose File").setInputFiles({ name: "with key.zip", mimeType: "application/zip", buffer: zip });
	await next(page).click();
	await expect(page.getByRole("alert").filter({ hasText: "The portal refuses this order" })).toBeVisible();
	await expect(page.getByRole("row").filter({ hasText: "one.key" }).filter({ hasText: /private key/i })).toBeVisible();
	await accessible(page);
	expect(await batches()).toBe(before);
});

test("a request is judged by name: a weak key, a wrong signature, a key that was used before", async ({ portal }) => {
	const page = await portal.open("orderer");
	const before = await batches();
	const used = csr(`/CN=${freshMac()}`);
	const broken = Buffer.from(der(`/CN=${freshMac()}`));
	broken[broken.length - 3] = (broken[broken.length - 3] ?? 0) ^ 1;
	const zip = zipSync({
		"weak.csr": Buffer.from(csr(`/CN=${freshMac()}`, ["ec", "-pkeyopt", "ec_paramgen_curve:P-224"])),
		"twice-1.csr": Buffer.from(used),
		"twice-2.csr": Buffer.from(used),
		"broken.der": broken,
	});
	await uploadTab(page, "Upload CSRs");
	await page.getByLabel("Choose File").setInputFiles({ name: "judged.zip", mimeType: "application/zip", buffer: Buffer.from(zip) });
	await next(page).click();
	await expect(page.getByText("The portal refuses this order")).toBeVisible();
	for (const name of ["weak.csr", "twice-2.csr", "broken.der"]) await expect(page.getByRole("row").filter({ hasText: name }).first()).toBeVisible();
	expect(await batches()).toBe(before);
});
