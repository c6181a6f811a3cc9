// Making users as an administrator does, and being one who has just been made.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { Client } from "../lib/client.ts";
import type { Instance } from "../lib/instance.ts";
import { openssl } from "../lib/world.ts";
import { accessible, chooseProfile, expect, logIn, type Portal } from "./page.ts";

/** The link of that kind in the newest mail to an address. */
export async function mailedLink(instance: Instance, email: string, kind: RegExp): Promise<string> {
	const dir = join(instance.dir, "mail");
	let link = "";
	await expect
		.poll(
			() => {
				const mails = readdirSync(dir)
					.filter((name) => name.endsWith(".eml"))
					.map((name) => readFileSync(join(dir, name), "utf8"))
					.filter((text) => text.includes(`<${email}>`));
				link = mails.map((text) => kind.exec(text)?.[0] ?? "").filter(Boolean).at(-1) ?? "";
				return link;
			},
			{ timeout: 20_000 },
		)
		.not.toBe("");
	return link;
}

/** Fills the dialog of the page of users. */
export async function addUser(page: Page, user: { username: string; email: string; name: string; role: string }): Promise<void> {
	await page.getByRole("button", { name: "New user" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("Username", { exact: true }).fill(user.username);
	await dialog.getByLabel("Full name").fill(user.name);
	await dialog.getByLabel("E-mail").fill(user.email);
	await dialog.getByLabel("Role").selectOption({ label: user.role });
	await accessible(page);
	await dialog.getByRole("button", { name: "Add", exact: true }).click();
	await expect(dialog).toHaveCount(0);
}

/** Forgot Password, from the mail on. */
export async function resetPassword(page: Page, instance: Instance, username: string, email: string, password: string): Promise<void> {
	const stranger = new Client(instance, instance.user("viewer"), "nothing");
	await stranger.call("requestPasswordReset", 202, { json: { username } });
	const reset = await mailedLink(instance, email, /https:\/\/\S+\/reset-password\?token=[0-9a-f]+/);
	await page.goto(new URL(reset).pathname + new URL(reset).search);
	await page.getByLabel("New password", { exact: true }).fill(password);
	await page.getByLabel("Repeat the new password").fill(password);
	await page.getByRole("button", { name: "Set the password" }).click();
	await expect(page.getByText("The password is set")).toBeVisible();
}

/** A browser that has this certificate and key installed; `text` is what `openssl pkcs12 -nodes` writes. */
export async function withCertificate(browser: Browser, instance: Instance, text: string): Promise<BrowserContext> {
	const [certPath, keyPath] = ["CERTIFICATE", "PRIVATE KEY"].map((label) => {
		const pem = new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`).exec(text)?.[0] ?? "";
		expect(pem, label).not.toBe("");
		const path = join(process.env.WORK ?? tmpdir(), `${label.slice(0, 4)}-${Date.now()}.pem`);
		writeFileSync(path, `${pem}\n`, { mode: 0o600 });
		return path;
	});
	return browser.newContext({
		baseURL: instance.demo.portal_url,
		ignoreHTTPSErrors: true,
		clientCertificates: [{ origin: new URL(instance.demo.mtls_url).origin, certPath, keyPath }],
	});
}

/** Somebody new, made by an administrator of the organization and enrolled, with a page that is logged in. */
export async function newcomer(portal: Portal, browser: Browser, o: { role: string; other?: boolean }): Promise<{ page: Page; username: string; enter: () => Promise<void>; close: () => Promise<void> }> {
	const { instance } = portal;
	const username = `newcomer-${Date.now()}`;
	const email = `${username}@demo.example`;
	const password = "a sentence for the newcomer's account";
	const admin = await portal.open("organization_admin", { other: o.other, path: "/admin/users" });
	await addUser(admin, { username, email, name: "Nora Newcomer", role: o.role });
	const link = await mailedLink(instance, email, /https:\/\/\S+\/enrol\/[0-9a-f]{64}/);
	const token = link.split("/").at(-1) ?? "";
	const stranger = new Client(instance, instance.user("viewer"), "nothing");
	const made = (await stranger.call("enrol", 201, { path: { token }, json: { pkcs12_password: password } })).body;
	const text = openssl(["pkcs12", "-in", "f.p12", "-passin", `pass:${password}`, "-nodes", "-legacy"], { "f.p12": Buffer.from(made.pkcs12 ?? "", "base64") }).toString();
	const context = await withCertificate(browser, instance, text);
	const page = await context.newPage();
	await resetPassword(page, instance, username, email, password);
	const enter = async () => {
		await context.clearCookies();
		await page.goto("/login");
		await logIn(page, { ...instance.user("viewer"), username, password });
		await chooseProfile(page);
	};
	await enter();
	return { page, username, enter, close: () => context.close() };
}
