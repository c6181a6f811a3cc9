// The next version of a profile: its faults by path, a sample of it, what it changes.

import { world } from "../lib/world.ts";
import { accessible, expect, test } from "./page.ts";

test("an operator tries and prepares the next version of a profile, and sees what it changes", async ({ portal }) => {
	const page = await portal.open("operator", { path: `/profiles/${world.small.id}` });
	await page.getByRole("button", { name: "Prepare the next version" }).click();
	const dialog = page.getByRole("dialog");
	const field = dialog.getByLabel("Profile document (JSON)");
	await expect(field).toHaveValue(/"version": 2/);
	const document = JSON.parse(await field.inputValue());

	await field.fill("{");
	await dialog.getByRole("button", { name: "Try on a sample" }).click();
	await expect(dialog.getByText("This is not JSON")).toBeVisible();
	await field.fill(JSON.stringify({ ...document, validity: "soon" }));
	await dialog.getByRole("button", { name: "Try on a sample" }).click();
	await expect(dialog.getByText("The document is refused")).toBeVisible();
	await expect(dialog.getByRole("cell", { name: /validity/ }).first()).toBeVisible();
	await accessible(page);

	await field.fill(JSON.stringify({ ...document, description: "Tried on the page." }, null, 2));
	await dialog.getByRole("button", { name: "Try on a sample" }).click();
	await expect(dialog.getByText("No CA has signed it.")).toBeVisible();
	await accessible(page);
	await dialog.getByRole("button", { name: "Prepare", exact: true }).click();
	await expect(dialog).toHaveCount(0);
	await page.getByRole("button", { name: "Changes since version 1" }).click();
	await expect(page.getByRole("dialog").getByText("Tried on the page.")).toBeVisible();
	await accessible(page);
});
