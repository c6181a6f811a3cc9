// The dashboard: every picture has its figures as a table and as CSV, and leads to what it counts.

import { readFileSync } from "node:fs";
import { as, made, world } from "../lib/world.ts";
import { accessible, expect, test } from "./page.ts";

test("charts have tables of the same figures, reached by keyboard, and CSV; days lead to their certificates", async ({ portal }) => {
	await made(as("orderer"), world.ec, `for the chart ${Date.now()}`, 3);
	const figures = (await as("viewer").call("getDashboard", 200)).body;
	const today = figures.issued_per_day.at(-1);
	expect(today?.issued).toBeGreaterThanOrEqual(3);
	const page = await portal.open("viewer", { path: "/" });
	const title = "Certificates issued, last 30 days";
	const panel = page.locator("section.panel").filter({ has: page.getByRole("heading", { name: title }) });
	await expect(panel.getByRole("img", { name: title })).toBeVisible();
	await accessible(page);

	const toTable = panel.getByRole("button", { name: `Show as a table: ${title}` });
	await toTable.focus();
	await page.keyboard.press("Enter");
	const table = panel.getByRole("table");
	await expect(table.getByRole("columnheader")).toHaveText(["Day", "Issued", "Revoked"]);
	await expect(table.getByRole("row")).toHaveCount(figures.issued_per_day.length + 1);
	await expect(table.getByRole("row").last().getByRole("cell").nth(1)).toHaveText((today?.issued ?? 0).toLocaleString("en-US"));
	await accessible(page);
	const [file] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: `Save as CSV: ${title}` }).click()]);
	const lines = readFileSync(await file.path(), "utf8").trimEnd().split(/\r?\n/);
	expect(lines).toHaveLength(figures.issued_per_day.length + 1);
	expect(lines.at(-1)).toBe(`${today?.date},${today?.issued},${today?.revoked}`);
	await table.getByRole("row").last().getByRole("link").click();
	await expect(page).toHaveURL(new RegExp(`/certificates\\?.*${today?.date}`));
	await expect(page.getByRole("row").nth(1)).toBeVisible();
});

test("states lead to filtered batches, quotas to profiles, and all of it can be narrowed to the profile", async ({ portal }) => {
	const page = await portal.open("orderer", { path: "/" });
	const figures = (await as("orderer").call("getDashboard", 200)).body;
	for (const heading of ["Certificates that expire, by month", "Batches in progress", "Ready for download", "Quota by profile", "Batches by status"]) await expect(page.getByRole("heading", { name: heading, exact: true })).toBeVisible();
	const quota = page.locator("section.panel").filter({ has: page.getByRole("heading", { name: "Quota by profile", exact: true }) });
	for (const line of figures.quota) await expect(quota.getByRole("link", { name: line.profile.name, exact: true })).toBeVisible();
	await page.getByText("For Current Profile").click();
	await expect(quota.getByRole("listitem")).toHaveCount(1);
	await accessible(page);
	const states = page.locator("section.panel").filter({ has: page.getByRole("heading", { name: "Batches by status" }) });
	await states.getByRole("link", { name: "Ready For Download" }).click();
	await expect(page.getByLabel("Status", { exact: true })).toHaveValue("ready_for_download");
	await expect(page.getByRole("row").nth(1)).toContainText("Ready For Download");
});
