#include "cmd/prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

#define LINE_MAX_OCTETS 1024

static bool
line_read(FILE *f, struct secret **out)
{
	char line[LINE_MAX_OCTETS + 3];

	if (fgets(line, sizeof(line), f) == NULL)
		return false;
	*out = secret_from(line, strcspn(line, "\r\n"));
	wipe(line, sizeof(line));
	return true;
}

bool
prompt_secret(const char *what, const char *file, const char *otherwise, struct secret **out, struct err *e)
{
	struct termios was, quiet;
	bool ok;

	if (file != NULL && strcmp(file, "-") != 0) {
		OWN(fclose) FILE *f = fopen(file, "re");

		return (f != NULL && line_read(f, out)) ||
		    err_set(e, ERR_INVALID, "password", "%.150s: no password can be read from it", file);
	}
	if (file == NULL && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0) {
		(void)fprintf(stderr, "%s: ", what);
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		ok = line_read(stdin, out);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		(void)fprintf(stderr, "\n");
		return ok || err_set(e, ERR_INVALID, "password", "no password was given");
	}
	if (file != NULL && line_read(stdin, out))
		return true;
	return err_set(e, ERR_INVALID, "password", "%s", otherwise);
}
