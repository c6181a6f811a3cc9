// An order from the log-in to the download with the keyboard alone.

import type { Page } from "@playwright/test";
import { freshMac } from "../lib/world.ts";
import { expect, row, test } from "./page.ts";

const focused = (page: Page) =>
	page.evaluate(() => {
		const e = document.activeElement;
		const label = e instanceof HTMLInputElement || e instanceof HTMLSelectElement ? (e.labels?.[0]?.textContent ?? "") : "";
		return `${label || e?.getAttribute("aria-label") || e?.textContent || ""}`.trim();
	});

/** Presses Tab until what has the focus is called that; whoever gets lost on the way fails. */
async function tabTo(page: Page, name: string | RegExp, key = "Tab"): Promise<void> {
	const seen: string[] = [];
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press(key);
		const now = await focused(page);
		seen.push(now);
		if (typeof name === "string" ? now === name : name.test(now)) {
			// What has the focus can be seen to have it, and is not covered.
			const shown = await page.evaluate(() => {
				const e = document.activeElement as HTMLElement;
				const box = e.getBoundingClientRect();
				return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
			});
			expect(shown, `${String(name)} is in sight`).toBe(true);
			return;
		}
	}
	throw new Error(`${String(name)} is not reached by ${key}: ${seen.join(" | ")}`);
}

test("by keyboard alone: log in, order, follow, download", async ({ portal }) => {
	const user = portal.instance.user("orderer");
	const page = await portal.open("orderer", { logIn: false, path: "/login" });
	const name = `typed ${Date.now()}`;
	await expect(page.getByLabel("Username", { exact: true })).toBeVisible();
	await tabTo(page, "Username");
	await page.keyboard.type(user.username);
	await tabTo(page, "Password");
	await page.keyboard.type(user.password);
	await page.keyboard.press("Enter");
	await expect(page.getByRole("button", { name: "Enter", exact: true })).toBeVisible();
	await tabTo(page, "Ecosystem");
	await page.keyboard.type("IDevID");
	await tabTo(page, "Enter");
	await page.keyboard.press("Enter");
	await expect(page.getByRole("heading", { name: "Dashboard" })).toBeVisible();

	// The single-key shortcut, and the way without it.
	await tabTo(page, "Batches", "Shift+Tab");
	await page.keyboard.press("Enter");
	await expect(page.getByRole("heading", { name: "Batches", level: 1 })).toBeVisible();
	await page.keyboard.press("n");
	await expect(page.getByRole("heading", { name: "New order" })).toBeVisible();
	await tabTo(page, "New CSRs (Form)");
	await page.keyboard.press("ArrowRight");
	await expect(page.getByRole("tab", { name: "New CSRs (Single)" })).toHaveAttribute("aria-selected", "true");
	await page.keyboard.press("ArrowLeft");
	await expect(page.getByRole("tab", { name: "New CSRs (Form)" })).toHaveAttribute("aria-selected", "true");
	await tabTo(page, "Batch Name");
	await page.keyboard.type(name);
	await tabTo(page, "Batch Size");
	await page.keyboard.press("Control+a");
	await page.keyboard.type("2");
	await tabTo(page, "PKCS 12 Password");
	await page.keyboard.type("correct horse 9 battery");
	await tabTo(page, /^MAC Address/);
	await page.keyboard.type(freshMac(2));
	await tabTo(page, "Generator");
	await page.keyboard.type("MAC");
	await tabTo(page, "Increment");
	await page.keyboard.press("Enter");
	await expect(page.getByText("What will be made")).toBeVisible();
	await tabTo(page, "Next");
	await page.keyboard.press("Enter");
	await expect(page.getByText(/Batch \d+ is ordered/)).toBeVisible();
	await expect(page.getByText("It is ready.")).toBeVisible({ timeout: 60_000 });
	await tabTo(page, "Go to the batches");
	await page.keyboard.press("Enter");

	// Into the list, along the row, and out of the dialog to where one was.
	await expect(row(page, name)).toBeVisible();
	await row(page, name).getByRole("link").first().focus();
	for (let i = 0; i < 8 && (await focused(page)) !== "Download"; i++) await page.keyboard.press("ArrowRight");
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog");
	await expect(dialog).toContainText("counts as issued");
	await page.keyboard.press("Escape");
	await expect(dialog).toHaveCount(0);
	expect(await focused(page)).toBe("Download");
	await page.keyboard.press("Enter");
	await expect(dialog.getByRole("button", { name: "OK", exact: true })).toBeFocused();
	await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
	await expect(row(page, name)).toContainText("Downloaded");
});
