/* certmill - issues batches of certificates: one program, its subcommands in the table below. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "cmd/command.h"
#include "http/json.h"

static const struct command commands[] = {
	{ "check", cmd_check, "hold an instance against what must always be true" },
	{ "demo", cmd_demo, "make a whole working instance and run it" },
	{ "serve", cmd_serve, "run an instance: nginx, web, workers, status and signer" },
	{ "verify", cmd_verify, "check a downloaded batch, offline" },
	{ "org", cmd_org, "organizations and their constants" },
	{ "user", cmd_user, "accounts, roles, passwords, admin certificates" },
	{ "profile", cmd_profile, "certificate profiles and their versions" },
	{ "quota", cmd_quota, "grants of profiles, and quotas" },
	{ "token", cmd_token, "API tokens" },
	{ "audit", cmd_audit, "the audit log: look, export, verify" },
	{ "ca", cmd_ca, "certificate authorities" },
	{ "crl", cmd_crl, "revocation lists: look, have new ones made" },
	{ "keys", cmd_keys, "key pairs that workers made in advance" },
	{ "worker", cmd_worker, "worker hosts: look, declare one lost" },
	{ "delegate", cmd_delegate, "OCSP delegates of a signer without CA keys" },
	{ "store", cmd_store, "move a whole store to another engine" },
	{ "routes", cmd_routes, "the routes of the API" },
};

static void
help(FILE *to)
{
	(void)fprintf(to, "usage: certmill COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	(void)fprintf(to, "\ncertmill COMMAND --help says more about one of them.\n");
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("certmill %s\n", CERTMILL_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			log_init("certmill", LOG_INFO_);
			secret_init();
			json_init();
			return commands[i].run(argc - 1, argv + 1);
		}
	(void)fprintf(stderr, "certmill: there is no command \"%.40s\"; see certmill --help\n", argv[1]);
	return EXIT_USAGE;
}
