// Revocation by a list, and holds.

import { as, made, serials, world } from "../lib/world.ts";
import { accessible, expect, row, tab, test } from "./page.ts";

test("revoke by a list: refused by its lines, tried dry, then done", async ({ portal }) => {
	const b = await made(as("orderer"), world.ec, `list ${Date.now()}`, 3);
	const list = await serials(as("viewer"), b.id);
	const page = await portal.open("revoker");
	await tab(page, "Certificates");
	await page.getByRole("button", { name: "Revoke by list" }).click();
	const dialog = page.getByRole("dialog");
	const file = (lines: string[]) => dialog.getByLabel("Choose File").setInputFiles({ name: "returns.csv", mimeType: "text/csv", buffer: Buffer.from(`${["serial_number", ...lines].join("\r\n")}\r\n`) });
	await dialog.getByRole("button", { name: "Check the list" }).click();
	await expect(dialog.getByText("Choose a file.")).toBeVisible();
	await file([list[0] ?? "", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"]);
	await dialog.getByRole("button", { name: "Check the list" }).click();
	await expect(dialog.getByRole("cell", { name: "3", exact: true })).toBeVisible();
	await accessible(page);
	await file(list.slice(0, 2));
	await dialog.getByRole("button", { name: "Check the list" }).click();
	await expect(dialog.getByText("Nothing is revoked yet")).toBeVisible();
	expect((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.revoked).toBe(0);
	await accessible(page);
	await dialog.getByRole("button", { name: "Next", exact: true }).click();
	await dialog.getByLabel("Reason").selectOption({ label: "Key compromise" });
	await dialog.getByLabel("Known to be bad since").fill("2026-01-15");
	await accessible(page);
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(dialog).toHaveCount(0);
	expect((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.revoked).toBe(2);
});

test("a hold is refused where the profile allows none, and nothing is changed", async ({ portal }) => {
	const b = await made(as("orderer"), world.ec, `hold ${Date.now()}`, 1);
	const serial = (await serials(as("viewer"), b.id))[0] ?? "";
	const page = await portal.open("revoker", { path: `/certificates?batch=${b.id}` });
	await row(page, serial).hover();
	await row(page, serial).getByRole("button", { name: "Revoke", exact: true }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Reason").selectOption({ label: "On hold (where the profile allows it)" });
	await expect(dialog.getByText("until it is released")).toBeVisible();
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(dialog.locator(".notice--error")).toBeVisible();
	await accessible(page);
	await page.keyboard.press("Escape");
	await expect(row(page, serial)).toContainText("Issued");
	await expect(row(page, serial).getByRole("button", { name: "Release" })).toHaveCount(0);
});

test("all that match a search are revoked, on this page and the next ones", async ({ portal }) => {
	const b = await made(as("orderer"), world.ec, `all ${Date.now()}`, 60);
	const page = await portal.open("revoker", { path: `/certificates?batch=${b.id}` });
	await expect(page.getByRole("row")).toHaveCount(51);
	await page.getByRole("checkbox", { name: "Select all on this page" }).focus();
	await page.keyboard.press("Space");
	await expect(page.getByText("50 certificates selected").first()).toBeVisible();
	await page.getByRole("button", { name: "Select all 60 that match" }).click();
	await expect(page.getByText("All 60 that match are selected").first()).toBeVisible();
	await accessible(page);
	await page.getByRole("button", { name: "Revoke selected certificates" }).click();
	const dialog = page.getByRole("dialog");
	await expect(dialog).toContainText("60 certificates");
	await dialog.getByLabel("Reason").selectOption({ label: "Superseded" });
	await dialog.getByRole("button", { name: "OK", exact: true }).click();
	await expect(dialog).toHaveCount(0);
	expect((await as("viewer").call("getBatch", 200, { path: { batch_id: b.id } })).body.revoked).toBe(60);
});
