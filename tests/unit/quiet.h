/* quiet - what the commands under test print on standard output goes nowhere, until quiet_end. */
#ifndef TESTS_QUIET_H
#define TESTS_QUIET_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int quiet_saved = -1;

static void
quiet_begin(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	quiet_saved = dup(STDOUT_FILENO);
	if (null < 0 || quiet_saved < 0 || dup2(null, STDOUT_FILENO) < 0)
		exit(1);
	close(null);
}

static void
quiet_end(void)
{
	fflush(stdout);
	if (dup2(quiet_saved, STDOUT_FILENO) < 0)
		exit(1);
	close(quiet_saved);
}

#endif
