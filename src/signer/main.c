/*
 * certmill-signer - alone holds the CA keys; signs what its own copy of the profile allows, and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "signer/command/commands.h"

static const struct command {
	const char	*name;
	command_fn	*run;
	const char	*summary;
} commands[] = {
	{ "serve",	cmd_serve,	"sign for workers, status and operations" },
	{ "init",	cmd_init,	"make a signer's folder: configuration, key-encryption key, audit key" },
	{ "ca",		cmd_ca,		"create: make the CAs of a hierarchy; list: show them" },
	{ "operator",	cmd_operator,	"create: make an operator's key and certificate" },
	{ "document",	cmd_document,	"sign: sign a profile or constants as an operator; show: see what is signed" },
	{ "profile",	cmd_profile,	"list: show the active profiles and constants" },
	{ "check",	cmd_check,	"verify the whole journal and every document" },
	{ "journal",	cmd_journal,	"show: print what was signed" },
};

static int
usage(FILE *f, int status)
{
	fputs("certmill-signer - holds the CA keys\n\nusage: certmill-signer COMMAND [--help] ...\n\n", f);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nEvery command takes --dir DIR (DIR/signer.conf) or --config FILE.\n", f);
	return status;
}

int
main(int argc, char **argv)
{
	log_init("certmill-signer", LOG_INFO_);
	secret_init();
	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout, EXIT_DONE);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "certmill-signer: there is no command %.40s; see certmill-signer --help\n", argv[1]);
	return EXIT_USAGE;
}
