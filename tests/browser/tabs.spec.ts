import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { as, made, serials, world } from "../lib/world.ts";
import { accessible, act, expect, row, tab, test } from "./page.ts";

test("Batches: the filters narrow the list, and live in the address", async ({ portal }) => {
	const page = await portal.open("viewer");
	await tab(page, "Batches");
	await page.getByLabel("Batch name").fill("LINE 2");
	await expect(row(page, "line 2")).toBeVisible();
	await expect(page.getByRole("row").filter({ hasText: "line 1" })).toHaveCount(0);
	const address = page.url();
	await page.reload();
	expect(page.url()).toBe(address);
	await expect(row(page, "line 2")).toBeVisible();
	await page.getByLabel("Status", { exact: true }).selectOption({ label: "Rejected" });
	await expect(page.getByText("Nothing matches")).toBeVisible();
	for (const name of ["For Current Profile", "Id", "From date", "To date", "Batch from size", "Batch to size"]) await expect(page.getByLabel(name, { exact: true }).first()).toBeVisible();
	await accessible(page);
});

test("Certificate Profiles: list, detail, chain", async ({ portal }) => {
	const page = await portal.open("viewer");
	await tab(page, "Certificate Profiles");
	await accessible(page);
	await page.getByRole("link", { name: world.ec.name, exact: true }).first().click();
	await expect(page.getByText(world.ec.ca.subject).first()).toBeVisible();
	await accessible(page);
	const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /chain|root and intermediate/i }).or(page.getByRole("button", { name: /chain|root and intermediate/i })).first().click()]);
	expect(Object.keys(unzipSync(readFileSync(await download.path()))).length).toBeGreaterThanOrEqual(2);
});

test("Certificates: search by serial number, select, revoke with a reason", async ({ portal }) => {
	const b = await made(as("orderer"), world.ec, `revoke ${Date.now()}`, 3);
	const list = await serials(as("viewer"), b.id);
	const page = await portal.open("revoker");
	await tab(page, "Certificates");
	await page.getByLabel("Batch Id", { exact: true }).fill(String(b.id));
	for (const s of list) await expect(row(page, s)).toBeVisible();
	await page.getByLabel("Batch Id", { exact: true }).fill("");
	await page.getByLabel("Serial Number", { exact: true }).fill((list[0] ?? "").slice(2).toLowerCase());
	await expect(page.getByRole("row").filter({ hasText: list[1] ?? "?" })).toHaveCount(0);
	await row(page, list[0] ?? "").getByRole("checkbox").check();
	await accessible(page);
	await page.getByRole("button", { name: "Revoke selected certificates" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Reason").selectOption({ label: "Key compromise" });
	await accessible(page);
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(page, list[0] ?? "")).toContainText("Revoked");
	expect((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.revoked).toBe(1);
});

test("revoke a batch: only with a reason", async ({ portal }) => {
	const name = `whole ${Date.now()}`;
	const b = await made(as("orderer"), world.ec, name, 2);
	const page = await portal.open("revoker");
	await tab(page, "Batches");
	await act(page, name, "Revoke");
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(dialog).toBeVisible();
	await dialog.getByLabel("Reason").selectOption({ label: "Superseded" });
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(page, name)).toContainText("Revoked");
	expect((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.status).toBe("revoked");
});

test("the list follows what happens elsewhere", async ({ portal }) => {
	const page = await portal.open("viewer");
	await tab(page, "Batches");
	const name = `live ${Date.now()}`;
	const b = await made(as("orderer"), world.ec, name, 2);
	await expect(row(page, name)).toContainText("Ready For Download");
	await as("orderer").call("rejectBatch", 200, { path: { batch_id: b.id } });
	await expect(row(page, name)).toContainText("Rejected");
});

test("by keyboard alone: to a row, its actions, a dialog, and back", async ({ portal }) => {
	const page = await portal.open("orderer");
	await tab(page, "Batches");
	await row(page, "line 2").getByRole("link").first().focus();
	for (let i = 0; i < 8 && !(await row(page, "line 2").getByRole("button", { name: "Details" }).evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press("ArrowRight");
	await page.keyboard.press("Enter");
	await expect(page.getByRole("dialog", { name: "Batch Processing History" })).toBeVisible();
	await page.keyboard.press("Escape");
	await expect(page.getByRole("dialog")).toHaveCount(0);
	await expect(row(page, "line 2").getByRole("button", { name: "Details" })).toBeFocused();
});

for (const theme of ["light", "dark"] as const)
	test(`every page is accessible, ${theme}`, async ({ portal }) => {
		const page = await portal.open("organization_admin", { theme });
		const serial = (await as("viewer").call("listCertificates", 200, { query: { limit: 1 } })).body.items[0]?.serial_number;
		const batch = (await as("viewer").call("listBatches", 200, { query: { limit: 1 } })).body.items[0]?.id;
		for (const path of ["/", "/batches", `/batches/${batch}`, "/batches/new", "/profiles", `/profiles/${world.ec.id}`, "/certificates", `/certificates/${serial}`, "/settings", "/help", "/no/such/page"]) {
			await page.goto(path);
			await accessible(page);
		}
	});

test("at 320 pixels nothing is wider than the window", async ({ portal }) => {
	const page = await portal.open("orderer", { width: 320 });
	for (const path of ["/", "/batches", "/batches/new", "/profiles", "/certificates", "/settings"]) {
		await page.goto(path);
		await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
		expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(320);
	}
	// What opens from the header lies within the window too.
	for (const button of [/User menu/, /^Profile:/]) {
		await page.getByRole("button", { name: button }).click();
		const box = await page.locator(".popup__panel").boundingBox();
		expect(box?.y, String(button)).toBeGreaterThanOrEqual(0);
		expect(box?.x).toBeGreaterThanOrEqual(0);
		expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(320);
		await page.keyboard.press("Escape");
	}
});
