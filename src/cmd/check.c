/* certmill check: the invariants of an instance, for night calls and for the tests that kill things. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/config.h"
#include "cmd/instance.h"
#include "domain/check.h"

static void
help(void)
{
	(void)printf(
	    "usage: certmill check --dir DIR | --config FILE [--json] [--no-signer] [--no-files]\n\n"
	    "Holds an instance against what must always be true: every item once, no serial number twice, quota\n"
	    "equal to what exists, states reached by legal steps, no password left, downloads made of what was\n"
	    "stored, store and signer's journal in agreement, the audit log one unbroken chain. Changes nothing;\n"
	    "may run beside the instance, whose signer it asks.\n\n"
	    "  --dir DIR      an instance's directory (its certmill.conf is read)\n"
	    "  --config FILE  its configuration file\n"
	    "  --signer SOCKET  the ops socket of a signer, once for each of several: their journals together must\n"
	    "                 be the store; without, the one of the configuration\n"
	    "  --no-signer    leave out what needs a running signer\n"
	    "  --no-files     leave out the downloads, of which every octet is read\n"
	    "  --json         the result as JSON\n\n"
	    "Exit status 0: everything holds; 1: something does not.\n");
}

struct output {
	bool	 json;
	json_t	*rules, *faults;
};

static void
on_rule(void *arg, const char *name, const char *holds, size_t faults)
{
	struct output *o = arg;

	json_array_append_new(o->rules, json_pack("{s:s, s:s, s:I}", "name", name, "holds", holds, "faults",
	    (json_int_t)faults));
	if (!o->json)
		(void)printf("%-13s %s  %s\n", name, faults == 0 ? "ok   " : "WRONG", holds);
}

static void
on_fault(void *arg, const char *name, const char *what)
{
	struct output *o = arg;

	json_array_append_new(o->faults, json_pack("{s:s, s:s}", "rule", name, "what", what));
	if (!o->json)
		(void)fprintf(stderr, "%s: %s\n", name, what);
}

static void
result(const struct output *o, const struct check_totals *t)
{
	json_t *all;
	char *text;

	if (!o->json) {
		(void)printf("%lld certificates, %lld journal records, %lld audit records, %zu faults\n",
		    (long long)t->certificates, (long long)t->journaled, (long long)t->audit_records, t->faults);
		return;
	}
	all = json_pack("{s:b, s:I, s:I, s:I, s:I, s:O, s:O}", "ok", t->faults == 0, "certificates",
	    (json_int_t)t->certificates, "journal_records", (json_int_t)t->journaled, "on_their_way",
	    (json_int_t)t->planned, "audit_records", (json_int_t)t->audit_records, "rules", o->rules, "faults", o->faults);
	text = json_dumps(all, JSON_INDENT(2));
	(void)printf("%s\n", text);
	free(text);
	json_decref(all);
}

static int
check(const char *file, const char *const *signers, size_t n, bool no_signer, bool no_files,
    struct output *o)
{
	OWN(config_free) struct config *conf = NULL;
	OWN(instance_close) struct instance *in = NULL;
	const struct check_report report = { .rule = on_rule, .fault = on_fault, .arg = o, .files = !no_files };
	struct check_totals totals;
	struct err e = { 0 };

	if (!config_read(file, &conf, &e) || !instance_open(conf, false, &in, &e))
		return command_failed("check", &e);
	if (n == 0 && !no_signer && conf->signer.ops_socket != NULL) {
		signers = &conf->signer.ops_socket;
		n = 1;
	}
	if (!check_run(instance_app(in), signers, n, &report, &totals, &e))
		return command_failed("check", &e);
	result(o, &totals);
	return totals.faults == 0 ? EXIT_DONE : EXIT_FAILED;
}

int
cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' }, { "config", required_argument, NULL, 'c' },
		{ "signer", required_argument, NULL, 's' }, { "no-signer", no_argument, NULL, 'n' },
		{ "no-files", no_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 }
	};
	struct output out = { .rules = json_array(), .faults = json_array() };
	static const char *signers[CHECK_SIGNERS_MAX];
	char file[4096] = "";
	size_t n = 0;
	bool no_signer = false, no_files = false;
	int o, status;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'd': (void)snprintf(file, sizeof(file), "%s/certmill.conf", optarg); break;
		case 'c': (void)snprintf(file, sizeof(file), "%s", optarg); break;
		case 'n': no_signer = true; break;
		case 'f': no_files = true; break;
		case 's':
			if (n == CHECK_SIGNERS_MAX)
				return command_usage("check", "at most %d signers", CHECK_SIGNERS_MAX);
			signers[n++] = optarg;
			break;
		case 'j': out.json = true; break;
		case 'h': help(); return EXIT_DONE;
		default: return EXIT_USAGE;
		}
	if (file[0] == '\0' || optind != argc)
		return command_usage("check", "name the instance: --dir DIR or --config FILE");
	if (no_signer && n > 0)
		return command_usage("check", "--signer and --no-signer exclude each other");
	status = check(file, signers, n, no_signer, no_files, &out);
	json_decref(out.rules);
	json_decref(out.faults);
	return status;
}
