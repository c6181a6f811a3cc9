// What one logs in with besides the password: invited, made in the browser, used, taken away.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { openssl } from "../lib/world.ts";
import { accessible, expect, logIn, row, test } from "./page.ts";
import { addUser, mailedLink, resetPassword, withCertificate } from "./people.ts";

test("an invited user makes an admin certificate in the browser, and logs in with it until it is revoked", async ({ portal, browser }) => {
	const { instance } = portal;
	const username = `invited-${Date.now()}`;
	const email = `${username}@demo.example`;
	const filePassword = "correct horse ~ battery";
	const password = "a long sentence for the test of it";

	const admin = await portal.open("organization_admin", { path: "/admin/users" });
	await addUser(admin, { username, email, name: "Ina Invited", role: "Orderer" });
	await admin.getByRole("link", { name: username }).click();
	await expect(admin.getByRole("button", { name: "Withdraw the invitation" })).toHaveCount(1);
	await accessible(admin);

	const link = await mailedLink(instance, email, /https:\/\/\S+\/enrol\/[0-9a-f]{64}/);
	const page = await portal.open("viewer", { logIn: false, certificate: false, path: new URL(link).pathname });
	await expect(page.getByText("Ina Invited")).toBeVisible();
	await accessible(page);
	await page.getByLabel("Password of the file", { exact: true }).fill("short");
	await page.getByRole("button", { name: "Get the certificate" }).click();
	await expect(page.getByLabel("Password of the file", { exact: true })).toHaveAttribute("aria-invalid", "true");
	await page.getByLabel("Password of the file", { exact: true }).fill(filePassword);
	await page.getByLabel("Repeat the password of the file").fill(filePassword);
	const sent = page.waitForRequest((r) => r.method() === "POST" && /\/enrolments\//.test(r.url()));
	await page.getByRole("button", { name: "Get the certificate" }).click();
	expect(Object.keys((await sent).postDataJSON() as object), "neither the key nor the password leaves the browser").toEqual(["csr"]);
	const save = page.getByRole("link", { name: /^Save / });
	await expect(save.or(page.locator(".notice--error"))).toBeVisible({ timeout: 30_000 });
	await expect(save).toBeVisible();
	await accessible(page);
	const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
	const p12 = readFileSync(await download.path());
	const text = openssl(["pkcs12", "-in", "f.p12", "-passin", `pass:${filePassword}`, "-nodes"], { "f.p12": p12 }).toString();
	await page.reload();
	await expect(page.getByText("does not work any more")).toBeVisible();

	await resetPassword(page, instance, username, email, password);
	const context = await withCertificate(browser, instance, text);
	const own = await context.newPage();
	await own.goto("/login");
	await logIn(own, { ...instance.user("viewer"), username, password });
	await expect(own.getByRole("button", { name: "Enter", exact: true })).toBeVisible();
	await own.getByRole("button", { name: "Enter", exact: true }).click();
	await expect(own.getByRole("heading", { name: "Dashboard" })).toBeVisible();

	await admin.reload();
	const certificate = admin.getByRole("button", { name: "Revoke the admin certificate" });
	await certificate.focus();
	await certificate.click();
	await admin.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(admin, username).filter({ hasText: "Revoked" })).toBeVisible();
	await own.goto("/batches");
	await expect(own.getByLabel("Username", { exact: true })).toBeVisible();
	await context.close();
});

test("an invitation is sent anew and withdrawn; a wrong link says so", async ({ portal }) => {
	const admin = await portal.open("organization_admin", { path: "/admin/users" });
	await admin.getByRole("link", { name: portal.instance.user("viewer").username }).click();
	await admin.getByRole("button", { name: "Send an invitation" }).click();
	await expect(admin.getByText("is on its way to").first()).toBeVisible();
	const withdraw = admin.getByRole("button", { name: "Withdraw the invitation" });
	await expect(withdraw).toHaveCount(1);
	await withdraw.focus();
	await withdraw.click();
	await expect(admin.getByText("No open invitation.")).toBeVisible();

	const page = await portal.open("viewer", { logIn: false, certificate: false, path: `/enrol/${"0".repeat(64)}` });
	await expect(page.getByText("does not work any more")).toBeVisible();
	await accessible(page);
});

async function authenticator(page: Page): Promise<void> {
	const devtools = await page.context().newCDPSession(page);
	await devtools.send("WebAuthn.enable");
	await devtools.send("WebAuthn.addVirtualAuthenticator", {
		options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
	});
}

test("a passkey is registered, logs in, and is removed", async ({ portal }) => {
	const { instance } = portal;
	const other = true;
	const admin = await portal.open("organization_admin", { other, path: "/admin/organizations" });
	await admin.getByRole("link", { name: instance.user("organization_admin", other).organization ?? "?" }).click();
	await admin.getByText("A passkey may stand for the admin certificate").click();
	await admin.getByRole("button", { name: "Save", exact: true }).click();
	await expect(admin.getByText("Saved.").first()).toBeVisible();

	const user = instance.user("revoker", other);
	const page = await portal.open("revoker", { other, path: "/settings" });
	await authenticator(page);
	await page.getByRole("button", { name: "Add a passkey" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("button", { name: "Register" }).click();
	await expect(dialog.getByLabel("Passkey name")).toHaveAttribute("aria-invalid", "true");
	await dialog.getByLabel("Passkey name").fill("blue key");
	await accessible(page);
	await dialog.getByRole("button", { name: "Register" }).click();
	await expect(dialog).toHaveCount(0);
	await expect(row(page, "blue key")).toBeVisible();

	await page.getByRole("button", { name: /User menu/ }).click();
	await page.getByRole("button", { name: "Log out" }).click();
	await logIn(page, user);
	const use = page.getByRole("button", { name: "Use the passkey" });
	await expect(use).toBeVisible();
	await accessible(page);
	await use.click();
	await page.getByRole("button", { name: "Enter", exact: true }).click();
	await expect(page.getByRole("heading", { name: "Dashboard" })).toBeVisible();

	await page.goto("/settings");
	await expect(row(page, "blue key")).not.toContainText("Never");
	const remove = page.getByRole("button", { name: "Remove the passkey" });
	await remove.focus();
	await remove.click();
	await page.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	// The session was opened with it, and ends with it.
	await expect(page.getByText("Your session has ended")).toBeVisible();
});

test("the portal makes the admin certificate once, in a file that opens with the password typed", async ({ portal, browser }) => {
	const { instance } = portal;
	const username = `portal-made-${Date.now()}`;
	const email = `${username}@demo.example`;
	const filePassword = "a file of mine, 2 of 2";
	const password = "another long sentence for a test";
	const admin = await portal.open("organization_admin", { path: "/admin/users" });
	await addUser(admin, { username, email, name: "Paul Portal", role: "Viewer" });

	const link = await mailedLink(instance, email, /https:\/\/\S+\/enrol\/[0-9a-f]{64}/);
	const page = await portal.open("viewer", { logIn: false, certificate: false, path: new URL(link).pathname });
	await page.getByText("By the portal, once").click();
	await page.getByLabel("Password of the file", { exact: true }).fill(filePassword);
	await page.getByLabel("Repeat the password of the file").fill(filePassword);
	await accessible(page);
	await page.getByRole("button", { name: "Get the certificate" }).click();
	const save = page.getByRole("link", { name: /^Save / });
	await expect(save).toBeVisible({ timeout: 30_000 });
	const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
	expect(download.suggestedFilename()).toMatch(/\.p12$/);
	const file = { "f.p12": readFileSync(await download.path()) };
	expect(() => openssl(["pkcs12", "-in", "f.p12", "-passin", "pass:wrong", "-nodes"], file)).toThrow();
	// The portal makes it for old systems too.
	const text = openssl(["pkcs12", "-in", "f.p12", "-passin", `pass:${filePassword}`, "-nodes", "-legacy"], file).toString();
	expect(text).toContain("PRIVATE KEY");
	await page.reload();
	await expect(page.getByText("does not work any more")).toBeVisible();

	await resetPassword(page, instance, username, email, password);
	const context = await withCertificate(browser, instance, text);
	const own = await context.newPage();
	await own.goto("/login");
	await logIn(own, { ...instance.user("viewer"), username, password });
	await own.getByRole("button", { name: "Enter", exact: true }).click();
	await expect(own.getByRole("heading", { name: "Dashboard" })).toBeVisible();
	await expect(own.getByText("Last login: none before this one")).toBeVisible();
	await context.close();
});

test("an invitation is taken with a passkey, where the organization allows it", async ({ portal }) => {
	const { instance } = portal;
	const username = `keyed-${Date.now()}`;
	const email = `${username}@demo.example`;
	const password = "yet another long sentence here";
	const admin = await portal.open("organization_admin", { other: true, path: "/admin/users" });
	await addUser(admin, { username, email, name: "Kim Keyed", role: "Viewer" });
	const link = await mailedLink(instance, email, /https:\/\/\S+\/enrol\/[0-9a-f]{64}/);
	const page = await portal.open("viewer", { logIn: false, certificate: false, path: new URL(link).pathname });
	await authenticator(page);
	await page.getByRole("tab", { name: "Passkey" }).click();
	await page.getByLabel("Passkey name").fill("first key");
	await accessible(page);
	await page.getByRole("button", { name: "Register" }).click();
	await expect(page.getByText("The passkey is registered.")).toBeVisible();
	await resetPassword(page, instance, username, email, password);
	await page.goto("/login");
	await logIn(page, { ...instance.user("viewer", true), username, password });
	await page.getByRole("button", { name: "Use the passkey" }).click();
	await page.getByRole("button", { name: "Enter", exact: true }).click();
	await expect(page.getByRole("heading", { name: "Dashboard" })).toBeVisible();
});
