// The operator's side: audit log, quota, security settings, ecosystems, new profiles; and auditors, who only read.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { program } from "../lib/instance.ts";
import { as, made, rows, world } from "../lib/world.ts";
import { accessible, expect, row, test } from "./page.ts";

test("audit log: filtered by user, action and object, shown in detail, exported as it is filtered", async ({ portal }) => {
	const b = await made(as("orderer"), world.ec, `audited ${Date.now()}`, 1);
	const page = await portal.open("auditor", { path: "/admin/audit" });
	await accessible(page);
	await page.getByLabel("User", { exact: true }).fill(portal.instance.user("orderer").username.slice(0, 8));
	await page.getByLabel("Action", { exact: true }).fill("batch.");
	await page.getByLabel("Object", { exact: true }).fill(`batch ${b.id}`);
	await expect(row(page, "batch.accepted")).toContainText(portal.instance.user("orderer").username);
	await expect(page.getByRole("row").filter({ hasNotText: `batch ${b.id}` }), "its head alone").toHaveCount(1);
	const shown = (await page.getByRole("row").count()) - 1;
	await expect(page).toHaveURL(/action=batch/);
	await row(page, "batch.accepted").hover();
	await row(page, "batch.accepted").getByRole("button", { name: "Details" }).click();
	await expect(page.getByRole("dialog").getByText("Request id")).toBeVisible();
	await accessible(page);
	await page.keyboard.press("Escape");
	const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export all that match" }).click()]);
	const exported = rows(readFileSync(await file.path(), "utf8"));
	expect(exported).toHaveLength(shown);
	expect(exported.every((one) => Object.values(one).includes(`batch ${b.id}`))).toBe(true);
	await page.getByLabel("From date").fill("2020-01-01");
	await page.getByLabel("To date").fill("2020-01-02");
	await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
	await page.getByRole("button", { name: "Clear filters" }).click();
	await expect(page.getByRole("row").nth(1)).toBeVisible();
});

test("quota: topped up with a reason, taken back, and every change in the ledger", async ({ portal }) => {
	const page = await portal.open("operator", { path: "/admin/organizations" });
	await accessible(page);
	await page.getByRole("link", { name: portal.instance.user("viewer").organization ?? "?" }).click();
	await expect(row(page, world.rsa.name)).toBeVisible();
	await accessible(page);
	const reason = `contract ${Date.now()}`;
	const topUp = async (amount: string, why: string) => {
		await row(page, world.rsa.name).hover();
		await row(page, world.rsa.name).getByRole("button", { name: "Top up", exact: true }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Amount").fill(amount);
		await dialog.getByLabel("Reason").fill(why);
		await dialog.getByRole("button", { name: "Top up", exact: true }).click();
		return dialog;
	};
	const dialog = await topUp("many", "");
	await expect(dialog.getByText("A whole number other than 0.")).toBeVisible();
	await expect(dialog.getByText("1 to 500 characters.")).toBeVisible();
	await accessible(page);
	await dialog.getByLabel("Amount").fill("25");
	await dialog.getByLabel("Reason").fill(reason);
	await dialog.getByRole("button", { name: "Top up", exact: true }).click();
	await expect(page.getByRole("region", { name: "Notices" }).getByText("25 certificates are booked.")).toBeVisible();
	await expect(row(page, world.rsa.name)).toContainText("100,025");
	await expect(await topUp("-25", `${reason}, back`)).toHaveCount(0);
	await expect(row(page, world.rsa.name)).not.toContainText("100,025");
	await expect(await topUp("-1000000", "too much")).toContainText(/available|less/i);
	await page.keyboard.press("Escape");

	await row(page, world.rsa.name).hover();
	await row(page, world.rsa.name).getByRole("button", { name: "Ledger" }).click();
	await expect(page.getByRole("heading", { level: 1 })).toContainText(world.rsa.name);
	const first = page.getByRole("row").filter({ has: page.getByRole("cell", { name: reason, exact: true }) });
	await expect(first).toContainText("+25");
	await expect(first).toContainText(portal.instance.user("operator").username);
	await expect(row(page, `${reason}, back`)).toContainText("-25");
	await expect(page.getByText("too much")).toHaveCount(0);
	await accessible(page);
});

test("security settings of an organization and of the instance: least length of passwords, days of invitations", async ({ portal }) => {
	const page = await portal.open("operator", { path: "/admin/security" });
	await expect(page.getByLabel("Least length of passwords")).toHaveValue("12");
	await expect(page.getByText("Four eyes for large orders")).toHaveCount(0);
	await accessible(page);
	await page.getByLabel("Days that an invitation is good").fill("5");
	await page.getByRole("button", { name: "Save", exact: true }).click();
	await expect(page.getByText("Saved.").first()).toBeVisible();
	expect((await as("auditor").call("getSecuritySettings", 200, { path: { organization_id: 0 } })).body.invitation_days).toBe(5);
	await page.getByLabel("Days that an invitation is good").fill("7");
	await page.getByRole("button", { name: "Save", exact: true }).click();

	const admin = await portal.open("organization_admin", { path: "/admin/organizations" });
	await expect(admin.getByRole("link", { name: "Security settings" }), "the instance's are operators' matter").toHaveCount(0);
	await admin.getByRole("link", { name: portal.instance.user("viewer").organization ?? "?" }).click();
	const length = admin.getByLabel("Least length of passwords");
	await length.fill("11");
	await admin.getByRole("button", { name: "Save", exact: true }).click();
	await expect(length).toBeFocused();
	await expect(admin.getByText("12 to 64.")).toBeVisible();
	await accessible(admin);
	await length.fill("16");
	await admin.getByLabel("Days that an invitation is good").fill("3");
	await admin.getByRole("button", { name: "Save", exact: true }).click();
	await expect(admin.getByText("Saved.").first()).toBeVisible();
	await admin.reload();
	await expect(length).toHaveValue("16");
	await expect(admin.getByLabel("Days that an invitation is good")).toHaveValue("3");
	await length.fill("12");
	await admin.getByLabel("Days that an invitation is good").fill("7");
	await admin.getByRole("button", { name: "Save", exact: true }).click();
	await expect(admin.getByText("Saved.").first()).toBeVisible();
});

test("ecosystems: added and named anew, and profiles made in them from a copy or from nothing", async ({ portal }) => {
	const name = `Trial ${Date.now()}`;
	const id = `trial-${Date.now()}`;
	const page = await portal.open("operator", { path: "/admin/ecosystems" });
	await expect(row(page, "docsis-3.1")).toBeVisible();
	await accessible(page);
	await page.getByRole("button", { name: "New ecosystem" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Name", { exact: true }).fill(name);
	await dialog.getByLabel("Id in documents").fill("Trial!");
	await dialog.getByRole("button", { name: "Add", exact: true }).click();
	await expect(dialog.getByLabel("Id in documents")).toHaveAttribute("aria-invalid", "true");
	await accessible(page);
	await dialog.getByLabel("Id in documents").fill(id);
	await dialog.getByRole("button", { name: "Add", exact: true }).click();
	await expect(row(page, id)).toContainText(name);
	await row(page, id).hover();
	await row(page, id).getByRole("button", { name: "Edit the ecosystem" }).click();
	await dialog.getByLabel("Place in lists").fill("2000");
	await dialog.getByRole("button", { name: "Save", exact: true }).click();
	await expect(row(page, id)).toContainText("2000");

	// A profile from an empty document: what is wrong is said at its line.
	await page.goto("/profiles");
	await page.getByRole("button", { name: "New profile" }).click();
	const field = dialog.getByLabel("Profile document (JSON)");
	await expect(field).toHaveValue(/"version": 1/);
	await dialog.getByText("What a document may hold").click();
	await expect(dialog.getByRole("row").filter({ hasText: "backdate_seconds" })).toBeVisible();
	await accessible(page);
	await dialog.getByRole("button", { name: "Prepare", exact: true }).click();
	await expect(dialog.getByText("The document is refused")).toBeVisible();
	const text = await field.inputValue();
	const line = text.split("\n").findIndex((one) => one.includes('"name": ""')) + 1;
	await dialog.getByRole("button", { name: `Show line ${line}` }).first().click();
	expect(await field.evaluate((e: HTMLTextAreaElement) => e.value.slice(e.selectionStart, e.selectionEnd))).toContain('"name": ""');

	// A copy of one that is there, in the new ecosystem, tried and kept; an operator's key makes it true.
	await dialog.getByLabel("Begin with").selectOption({ label: world.ec.name });
	await expect(field).toHaveValue(/\(copy\)/);
	const document = JSON.parse(await field.inputValue()) as { id: number; name: string };
	expect(document.id).toBeGreaterThan(world.ec.id);
	await field.fill(JSON.stringify({ ...document, name, ecosystem: id }, null, 2));
	await dialog.getByRole("button", { name: "Try on a sample" }).click();
	await expect(dialog.getByText("No CA has signed it.")).toBeVisible();
	await accessible(page);
	await dialog.getByRole("button", { name: "Prepare", exact: true }).click();
	await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
	await expect(page.getByText(`Profile ${document.id} is prepared.`, { exact: true })).toBeVisible();
	execFileSync(program, ["profile", "activate", String(document.id), "--dir", portal.instance.dir], { stdio: "pipe" });
	await page.goto(`/profiles/${document.id}`);
	await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
	await expect(row(page, "Active")).toBeVisible();
	await page.goto("/profiles");
	await page.getByLabel("Ecosystem").selectOption({ label: name });
	await expect(page.getByRole("row")).toHaveCount(2);
});

test("an auditor reads all of it and changes nothing", async ({ portal }) => {
	const page = await portal.open("auditor", { path: "/admin/organizations" });
	const change = /^(New|Edit|Save$|Add|Top up|Grant|Withdraw|Send|Revoke|Reject|Approve|Prepare|Take out|Change the role|Release)/;
	const organization = (await as("auditor").call("listOrganizations", 200)).body.items[0];
	const user = (await as("auditor").call("listUsers", 200, { query: { organization_id: organization?.id } })).body.items[0];
	const batch = (await as("auditor").call("listBatches", 200, { query: { limit: 1 } })).body.items[0];
	const certificate = (await as("auditor").call("listCertificates", 200, { query: { limit: 1 } })).body.items[0];
	for (const path of [
		"/",
		"/batches",
		`/batches/${batch?.id}`,
		"/certificates",
		`/certificates/${certificate?.serial_number}`,
		"/profiles",
		`/profiles/${world.ec.id}`,
		"/admin/organizations",
		`/admin/organizations/${organization?.id}`,
		`/admin/organizations/${organization?.id}/quota/${world.ec.id}`,
		"/admin/users",
		`/admin/users/${user?.id}`,
		"/admin/ecosystems",
		"/admin/security",
		"/admin/authorities",
		"/admin/audit",
	]) {
		await page.goto(path);
		await accessible(page);
		await expect(page.locator(".skeleton")).toHaveCount(0);
		expect(await page.getByRole("button", { name: change }).allTextContents(), path).toEqual([]);
	}
	await page.goto(`/profiles/${world.ec.id}`);
	await expect(page.getByRole("heading", { name: "Versions" })).toBeVisible();
	await page.goto("/admin/security");
	await expect(page.getByLabel("Least length of passwords")).not.toBeEditable();
});
