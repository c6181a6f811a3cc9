#include "cmd/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static bool
start(const char *const *argv, int out_fd, pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t actions;
	int rc;

	(void)posix_spawn_file_actions_init(&actions);
	if (out_fd >= 0)
		(void)posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	rc = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		errno = rc;
		return err_sys(e, "%s", argv[0]);
	}
	return true;
}

static bool
ended_well(pid_t pid, const char *name, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "%s", name);
	errno = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return err_set(e, ERR_INTERNAL, "program_failed", "%s failed (%s %d)", name,
	    WIFEXITED(status) ? "exit status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

bool
program_run(const char *const *argv, struct str *out, struct err *e)
{
	int pipe_fds[2] = { -1, -1 };
	char buf[8192];
	ssize_t n;
	pid_t pid;
	bool ok;

	if (out != NULL && pipe2(pipe_fds, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	ok = start(argv, pipe_fds[1], &pid, e);
	if (pipe_fds[1] >= 0)
		(void)close(pipe_fds[1]);
	while (ok && out != NULL) {
		n = read(pipe_fds[0], buf, sizeof(buf));
		if (n > 0)
			str_add(out, buf, (size_t)n);
		else if (n == 0 || errno != EINTR)
			break;
	}
	if (pipe_fds[0] >= 0)
		(void)close(pipe_fds[0]);
	return ok && ended_well(pid, argv[0], e);
}

bool
program_start(const char *const *argv, pid_t *pid, struct err *e)
{
	return start(argv, -1, pid, e);
}

void
program_stop(pid_t pid)
{
	struct timespec t = { 0, 20 * 1000 * 1000 };

	(void)kill(pid, SIGTERM);
	for (int i = 0; i < 250; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		(void)nanosleep(&t, NULL);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

const char *
program_path(struct arena *arena, const char *name)
{
	const char *from = getenv("PATH");
	const char *found;
	char *rest;

	if (strchr(name, '/') != NULL)
		return name;
	rest = arena_printf(arena, "%s:/usr/local/sbin:/usr/sbin:/sbin", from == NULL ? "/usr/bin:/bin" : from);
	for (char *dir; (dir = strsep(&rest, ":")) != NULL;) {
		found = arena_printf(arena, "%s/%s", dir[0] == '\0' ? "." : dir, name);
		if (access(found, X_OK) == 0)
			return found;
	}
	return name;
}
