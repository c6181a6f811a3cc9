import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { settled } from "../lib/client.ts";
import { root } from "../lib/contract.ts";
import { as, csr, csv, freshMac, freshMacs, mac, openssl, freshNumber, password, rows, world } from "../lib/world.ts";
import { accessible, act, expect, row, tab, test } from "./page.ts";

const data = (name: string) => join(root, "tests/data", name);
const confirm = "Confirmation";

async function newOrder(page: import("@playwright/test").Page, kind: string): Promise<void> {
	await tab(page, "Batches");
	await page.getByRole("button", { name: "New order" }).click();
	await page.getByRole("tab", { name: kind, exact: true }).click();
}

const next = (page: import("@playwright/test").Page) => page.getByRole("button", { name: "Next", exact: true }).click();
const step = (page: import("@playwright/test").Page, name: string) => expect(page.locator('[aria-current="step"], [aria-current="true"]').filter({ hasText: name }).first()).toBeVisible();

test("order from a CSV: upload, confirm, watch, details, download, open the PKCS#12", async ({ portal }) => {
	const page = await portal.open("orderer");
	const macs = freshMacs(12);
	await newOrder(page, "Upload CSV");
	await accessible(page);
	const [template] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /template/i }).or(page.getByRole("button", { name: /template/i })).first().click()]);
	expect(readFileSync(await template.path(), "utf8")).toContain("mac_address");

	await page.getByLabel("Choose File").setInputFiles({ name: "line 7.csv", mimeType: "text/csv", buffer: Buffer.from(csv(macs)) });
	await expect(page.getByLabel("Batch Name")).toHaveValue(/line 7/);
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await next(page);
	await step(page, confirm);
	await expect(page.getByText(macs[0] ?? "").first()).toBeVisible();
	await expect(page.getByText(macs[11] ?? "").first()).toBeVisible();
	expect(await page.content(), "the password is not shown again").not.toContain(password);
	await accessible(page);
	await next(page);
	await step(page, "Done");
	await accessible(page);

	await tab(page, "Batches");
	await expect(row(page, "line 7")).toContainText("Ready For Download", { timeout: 60_000 });
	await act(page, "line 7", "Details");
	const dialog = page.getByRole("dialog", { name: "Batch Processing History" });
	for (const text of ["Pending Creation", "Pending Issue", "Preparing Download", "Ready For Download", "Batch created", "Created from CSV line 0", "Created from CSV line 11", "ISSUED"]) await expect(dialog.getByText(text, { exact: true }).first()).toBeVisible();
	await expect(dialog.getByText(/^[0-7][0-9A-F]{31}$/)).toHaveCount(12);
	await dialog.getByLabel("Failed", { exact: true }).check();
	await expect(dialog.getByText("Created from CSV line 0")).toHaveCount(0);
	await dialog.getByLabel("Failed", { exact: true }).uncheck();
	await accessible(page);
	await page.keyboard.press("Escape");
	await expect(dialog).toHaveCount(0);

	await act(page, "line 7", "Download");
	const ask = page.getByRole("dialog");
	await expect(ask).toContainText("counts as issued");
	const [download] = await Promise.all([page.waitForEvent("download"), ask.getByRole("button", { name: "OK", exact: true }).click()]);
	expect(download.suggestedFilename()).toMatch(/\.zip$/);
	const files = unzipSync(readFileSync(await download.path()));
	const manifest = rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString());
	expect(manifest.map((m) => m.mac_address)).toEqual(macs);
	const p12 = openssl(["pkcs12", "-in", "d.p12", "-passin", `pass:${password}`, "-nodes"], { "d.p12": files[manifest[0]?.file ?? ""] as Uint8Array }).toString();
	expect(p12).toContain("BEGIN PRIVATE KEY");
	await expect(row(page, "line 7")).toContainText("Downloaded");
	await row(page, "line 7").hover();
	await expect(row(page, "line 7").getByRole("button", { name: "Reject", exact: true })).toHaveCount(0);
});

test("a CSV with errors: each is shown by its line, and nothing is ordered", async ({ portal }) => {
	const page = await portal.open("orderer");
	const c = as("orderer");
	const before = (await c.call("listBatches", 200)).body.total;
	await newOrder(page, "Upload CSV");
	await page.getByLabel("Choose File").setInputFiles(data("modems-with-errors.csv"));
	const name = page.getByLabel("PKCS 12 Password", { exact: true });
	if (await name.isVisible()) await name.fill(password);
	const go = page.getByRole("button", { name: "Next", exact: true });
	if (await go.isEnabled()) await go.click();
	for (const line of [6, 9, 13, 17, 20]) await expect(page.getByRole("cell", { name: String(line), exact: true }).first()).toBeVisible();
	await accessible(page);
	expect((await c.call("listBatches", 200)).body.total).toBe(before);
});

test("an Excel file with semicolons is understood, its unknown column a warning", async ({ portal }) => {
	const page = await portal.open("orderer");
	await newOrder(page, "Upload CSV");
	await page.getByLabel("Choose File").setInputFiles(data("modems-excel-semicolon.csv"));
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await next(page);
	await step(page, confirm);
	await expect(page.getByText(/note/).first()).toBeVisible();
	await page.getByRole("button", { name: "Cancel", exact: true }).click();
});

test("New CSRs (Form): a range with the generator", async ({ portal }) => {
	const page = await portal.open("orderer");
	const first = freshNumber(50);
	await newOrder(page, "New CSRs (Form)");
	await accessible(page);
	await page.getByLabel("Batch Name").fill("form from the page");
	await page.getByLabel("Batch Size").fill("5");
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await page.getByLabel("MAC Address", { exact: true }).fill(mac(first));
	await page.getByLabel("Generator").selectOption({ label: "MAC" });
	await page.getByLabel("Increment").fill("10");
	await next(page);
	await step(page, confirm);
	await expect(page.getByText(mac(first)).first()).toBeVisible();
	await expect(page.getByText(mac(first + 40)).first()).toBeVisible();
	await next(page);
	await step(page, "Done");
	await tab(page, "Batches");
	await expect(row(page, "form from the page")).toContainText("Ready For Download", { timeout: 60_000 });
});

test("New CSRs (Form): what is wrong is said at its field, and what was typed stays", async ({ portal }) => {
	const page = await portal.open("orderer");
	await newOrder(page, "New CSRs (Form)");
	await page.getByLabel("Batch Name").fill("wrong");
	await page.getByLabel("Batch Size").fill("1");
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await page.getByLabel("MAC Address", { exact: true }).fill("01:00:5E:00:00:01");
	await next(page);
	const field = page.getByLabel("MAC Address", { exact: true });
	await expect(field).toHaveAttribute("aria-invalid", "true");
	await expect(page.getByLabel("Batch Name")).toHaveValue("wrong");
	await accessible(page);
});

test("New CSRs (Single): one certificate", async ({ portal }) => {
	const page = await portal.open("orderer");
	await newOrder(page, "New CSRs (Single)");
	await accessible(page);
	await page.getByLabel("Batch Name").fill("single from the page");
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill(password);
	await page.getByLabel("MAC Address", { exact: true }).fill(freshMac());
	await next(page);
	await step(page, confirm);
	await next(page);
	await step(page, "Done");
	await tab(page, "Batches");
	await expect(row(page, "single from the page")).toContainText("Ready For Download", { timeout: 60_000 });
});

test("Upload CSRs: the name comes from the file", async ({ portal }) => {
	const page = await portal.open("orderer");
	await newOrder(page, "Upload CSRs");
	await accessible(page);
	const requests = [freshMac(), freshMac()].map((m) => csr(`/CN=${m}`)).join("");
	await page.getByLabel("Choose File").setInputFiles({ name: "site B.csr", mimeType: "application/x-pem-file", buffer: Buffer.from(requests) });
	await expect(page.getByLabel("Batch Name")).toHaveValue(/site B/);
	await next(page);
	await step(page, confirm);
	await next(page);
	await step(page, "Done");
	await tab(page, "Batches");
	await expect(row(page, "site B")).toContainText("Ready For Download", { timeout: 60_000 });
});

test("reject a batch: its quota comes back, its row says so", async ({ portal }) => {
	const page = await portal.open("orderer");
	const c = as("orderer");
	const name = `to reject ${Date.now()}`;
	const b = (await c.call("createBatch", 201, { json: { method: "single", profile_id: world.ec.id, name, pkcs12_password: password, inputs: { mac_address: freshMac() } } })).body;
	await settled(c, b.id);
	await tab(page, "Batches");
	await act(page, name, "Reject");
	const dialog = page.getByRole("dialog");
	await expect(dialog).toContainText("goes back to your quota");
	await accessible(page);
	await dialog.getByRole("button", { name: "Cancel", exact: true }).click();
	await expect(row(page, name)).toContainText("Ready For Download");
	await act(page, name, "Reject");
	await page.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(page, name)).toContainText("Rejected");
	expect((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status).toBe("rejected");
});
