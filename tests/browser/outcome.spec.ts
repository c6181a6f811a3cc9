// What can become of a batch besides being made: failed, expired, downloaded twice, credited, approved by another.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { settled } from "../lib/client.ts";
import { as, formOrder, freshMac, made, order, quota, rows, world } from "../lib/world.ts";
import { accessible, act, expect, row, tab, test } from "./page.ts";

/** Changes a row behind the program's back. */
function inStore(sql: string): void {
	const python = "import sqlite3,sys\nwith sqlite3.connect(sys.argv[1], timeout=30) as d: d.execute(sys.argv[2])";
	execFileSync("python3", ["-c", python, join(world.instance.dir, "store/certmill.db"), sql]);
}

/** The header's figures for the profile that one works with. */
async function header(page: Page): Promise<{ ordered: number; issued: number; available: number }> {
	const number = (text: string | undefined) => Number((text ?? "").replace(/,/g, ""));
	const figures = /Ordered\/Issued: ([\d,]+)\/([\d,]+)/.exec((await page.getByText(/Certificates Ordered\/Issued: /).textContent()) ?? "");
	const left = /Available: ([\d,]+)/.exec((await page.getByText(/Certificates Available: /).textContent()) ?? "");
	return { ordered: number(figures?.[1]), issued: number(figures?.[2]), available: number(left?.[1]) };
}

test("items that failed: their messages in the details, all of them as CSV, and their credit", async ({ portal }) => {
	const other = true;
	const [c, boss] = [as("orderer", other), as("organization_admin", other)];
	const name = `made in part ${Date.now()}`;
	const id = (await boss.call("listOrganizations", 200)).body.items[0]?.id ?? 0;
	const settings = (await boss.call("getSecuritySettings", 200, { path: { organization_id: id } })).body;
	await boss.call("setSecuritySettings", 200, { path: { organization_id: id }, json: { ...settings, approval_above: 0 } });
	const before = await quota(c, world.ec);
	const b = await order(c, formOrder(world.ec, name, 3));
	expect(b.status).toBe("pending_approval");
	// A row that was altered after the order was checked makes no certificate.
	inStore(`UPDATE item SET inputs = '{"mac_address":"not an address"}' WHERE batch_id = ${b.id} AND item_index = 1`);
	await boss.call("approveBatch", 200, { path: { batch_id: b.id } });
	await boss.call("setSecuritySettings", 200, { path: { organization_id: id }, json: settings });
	await settled(c, b.id, "issued_partly");

	const page = await portal.open("orderer", { other });
	await tab(page, "Batches");
	await expect(row(page, name)).toContainText("Issued Partly");
	await act(page, name, "Details");
	const dialog = page.getByRole("dialog", { name: "Batch Processing History" });
	await expect(dialog.getByText("Issued Partly").first()).toBeVisible();
	await dialog.getByLabel("Failed", { exact: true }).check();
	await expect(dialog.getByRole("row").filter({ hasText: `${name}-1` }).last()).toContainText(/address|MAC/i);
	await expect(dialog.getByRole("row").filter({ hasText: `${name}-0` })).toHaveCount(0);
	await accessible(page);
	const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("link", { name: "Failed items as CSV" }).click()]);
	const errors = rows(readFileSync(await file.path(), "utf8"));
	expect(errors).toHaveLength(1);
	expect(errors[0]?.index).toBe("1");
	expect(errors[0]?.message).toContain("not an address");
	await dialog.getByLabel("Failed", { exact: true }).uncheck();
	await dialog.getByLabel("Succeeded", { exact: true }).check();
	await expect(dialog.getByText("ISSUED", { exact: true })).toHaveCount(2);
	await page.keyboard.press("Escape");
	const after = await quota(c, world.ec);
	expect([after.ordered, after.available], "what failed is credited").toEqual([before.ordered + 2, before.available - 2]);
	// What was made is delivered.
	await act(page, name, "Download");
	const [zip] = await Promise.all([page.waitForEvent("download"), page.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click()]);
	expect(Object.keys(unzipSync(readFileSync(await zip.path()))).filter((one) => one.endsWith(".p12"))).toHaveLength(2);
});

test("a batch whose days are over: expired in the list, not downloaded any more, its certificates still found", async ({ portal }) => {
	const c = as("orderer");
	const name = `days over ${Date.now()}`;
	const b = await made(c, world.ec, name, 2);
	expect(Date.parse(b.expires_at ?? "")).toBeGreaterThan(Date.now());
	const page = await portal.open("orderer");
	await tab(page, "Batches");
	await expect(row(page, name)).toContainText("Ready For Download");
	// Its days pass in the store; the worker then purges it as it does every day.
	inStore(`UPDATE batch SET expires_at = 1 WHERE id = ${b.id}`);
	await expect(row(page, name)).toContainText("Expired", { timeout: 60_000 });
	await row(page, name).hover();
	await expect(row(page, name).getByRole("button", { name: "Details", exact: true })).toBeVisible();
	await expect(row(page, name).getByRole("button", { name: "Download", exact: true })).toHaveCount(0);
	await page.getByLabel("Status", { exact: true }).selectOption({ label: "Expired" });
	await expect(row(page, name)).toBeVisible();
	await accessible(page);
	await act(page, name, "Details");
	await expect(page.getByRole("dialog").getByText("Expired", { exact: true }).first()).toBeVisible();
	await page.getByRole("dialog").getByRole("link", { name: "Open the page of the batch" }).click();
	await page.getByRole("link", { name: "Show its certificates" }).click();
	await expect(row(page, `${name}-1`)).toContainText("Issued");
	await c.call("downloadBatch", 409, { path: { batch_id: b.id } });
});

test("a second download is allowed, said to be recorded, and recorded", async ({ portal }) => {
	const name = `twice ${Date.now()}`;
	const b = await made(as("orderer"), world.ec, name, 1);
	const page = await portal.open("organization_admin");
	await tab(page, "Batches");
	for (const text of ["the batch counts as issued", "The download is recorded in the audit log"]) {
		await act(page, name, "Download");
		const ask = page.getByRole("dialog");
		await expect(ask).toContainText(text);
		await accessible(page);
		await Promise.all([page.waitForEvent("download"), ask.getByRole("button", { name: "OK", exact: true }).click()]);
		await expect(row(page, name)).toContainText("Downloaded");
		await expect(ask).toHaveCount(0);
	}
	await row(page, name).getByRole("link").first().click();
	await expect(page.getByText("First download")).toBeVisible();
	await page.getByRole("link", { name: "Show in the audit log" }).click();
	await expect(page.getByRole("row").filter({ hasText: `batch ${b.id}` }).filter({ hasText: /download/ })).toHaveCount(2);
});

test("the header's figures: an order takes from what is available, a rejection gives it back", async ({ portal }) => {
	const page = await portal.open("orderer");
	const name = `credit ${Date.now()}`;
	await tab(page, "Batches");
	const before = await header(page);
	const b = await made(as("orderer"), world.ec, name, 7);
	await page.reload();
	await expect.poll(() => header(page)).toEqual({ ordered: before.ordered + 7, issued: before.issued + 7, available: before.available - 7 });
	await act(page, name, "Reject");
	await expect(page.getByRole("dialog")).toContainText("7 certificates go back to your quota");
	await page.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	await expect(page.getByText("7 certificates went back to your quota.", { exact: true })).toBeVisible();
	await expect.poll(() => header(page)).toEqual(before);
	expect((await as("orderer").call("getBatch", 200, { path: { batch_id: b.id } })).body.status).toBe("rejected");
});

test("an order above the organization's size waits for a second person, who sees who ordered", async ({ portal }) => {
	const other = true;
	const own = portal.instance.user("organization_admin", other).organization ?? "?";
	const boss = await portal.open("organization_admin", { other, path: "/admin/organizations" });
	await boss.getByRole("link", { name: own }).click();
	await boss.getByText("Four eyes for large orders").click();
	await boss.getByLabel("Approval above this size").fill("-1");
	await boss.getByRole("button", { name: "Save", exact: true }).click();
	await expect(boss.getByText("A whole number, 0 or more.")).toBeVisible();
	await boss.getByLabel("Approval above this size").fill("3");
	await boss.getByRole("button", { name: "Save", exact: true }).click();
	await expect(boss.getByText("Saved.").first()).toBeVisible();
	await accessible(boss);

	const name = `four eyes ${Date.now()}`;
	const page = await portal.open("orderer", { other });
	await tab(page, "Batches");
	await page.getByRole("button", { name: "New order" }).click();
	await page.getByLabel("Batch Name", { exact: true }).fill(name);
	await page.getByLabel("Batch Size").fill("4");
	await page.getByLabel("PKCS 12 Password", { exact: true }).fill("correct horse 9 battery");
	await page.getByLabel("MAC Address", { exact: true }).fill(freshMac(4));
	await page.getByLabel("Generator").selectOption({ label: "MAC" });
	await page.getByRole("button", { name: "Next", exact: true }).click();
	await expect(page.getByText("What will be made")).toBeVisible();
	await page.getByRole("button", { name: "Next", exact: true }).click();
	await expect(page.getByText("It waits for the approval of a second person.")).toBeVisible();
	await accessible(page);
	await tab(page, "Batches");
	await expect(row(page, name)).toContainText("Pending Approval");
	await row(page, name).hover();
	await expect(row(page, name).getByRole("button", { name: "Reject", exact: true })).toBeVisible();
	await expect(row(page, name).getByRole("button", { name: "Approve", exact: true }), "not the one who ordered").toHaveCount(0);

	await tab(boss, "Batches");
	await row(boss, name).hover();
	await row(boss, name).getByRole("button", { name: "Approve", exact: true }).click();
	const dialog = boss.getByRole("dialog");
	await expect(dialog).toContainText(`${portal.instance.user("orderer", other).username} has ordered 4 certificates`);
	await accessible(boss);
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(page, name)).toContainText("Ready For Download", { timeout: 60_000 });
	await act(page, name, "Details");
	await expect(page.getByRole("dialog").getByRole("row").filter({ hasText: portal.instance.user("organization_admin", other).username }).first()).toBeVisible();

	// And off again, for whoever comes next.
	await boss.goto("/admin/organizations");
	await boss.getByRole("link", { name: own }).click();
	await boss.getByText("Four eyes for large orders").click();
	await expect(boss.getByLabel("Approval above this size")).toHaveCount(0);
	await boss.getByRole("button", { name: "Save", exact: true }).click();
	await expect(boss.getByText("Saved.").first()).toBeVisible();
});
