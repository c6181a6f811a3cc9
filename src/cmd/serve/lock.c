#include "cmd/serve/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"

#define POLITE_MS 3000
#define GIVE_UP_MS 8000

/* Whether /proc/PID has the file open. */
static bool
holds(const char *pid, const struct stat *file)
{
	char path[300];
	DIR *fds;
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	fds = opendir(path);
	if (fds == NULL)
		return false;
	for (struct dirent *de; !found && (de = readdir(fds)) != NULL; ) {
		struct stat st;

		if (de->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, de->d_name);
		found = stat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
	}
	(void)closedir(fds);
	return found;
}

/* Signals all holders but ourselves. */
static int
signal_holders(const struct stat *file, int signo)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	if (proc == NULL)
		return 0;
	for (struct dirent *de; (de = readdir(proc)) != NULL; ) {
		pid_t pid = (pid_t)atoi(de->d_name);

		if (pid > 1 && pid != getpid() && holds(de->d_name, file)) {
			n++;
			(void)kill(pid, signo);
		}
	}
	(void)closedir(proc);
	return n;
}

/* The pid in the file, if that process still holds it. */
static pid_t
supervisor(int fd, const struct stat *file)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 || atoi(text) <= 1)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return holds(text, file) ? (pid_t)atoi(text) : 0;
}

/* Once the supervisor is dead its children end by themselves; this waits, then insists. */
static bool
end_leftovers(int fd, const struct stat *file)
{
	int64_t begun_ms = clock_mono_ms();
	int sent = SIGTERM;

	log_warn("serve.leftovers", "processes=%d", signal_holders(file, SIGTERM));
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int64_t spent_ms = clock_mono_ms() - begun_ms;

		if (spent_ms > GIVE_UP_MS)
			return false;
		if (spent_ms > POLITE_MS && sent != SIGKILL) {
			sent = SIGKILL;
			(void)signal_holders(file, SIGKILL);
		}
		(void)usleep(20000);
	}
	return true;
}

bool
lock_take(const char *run_dir, struct err *e)
{
	char path[PATH_MAX], text[32];
	OWN_FD int fd = -1;
	struct stat st;
	pid_t other;

	(void)snprintf(path, sizeof(path), "%s/serve.lock", run_dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);	/* inherited on purpose */
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_set(e, ERR_INVALID, "run_dir", "cannot write %.120s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		other = supervisor(fd, &st);
		if (other != 0)
			return err_set(e, ERR_CONFLICT, "running", "this instance runs already (pid %d); stop it first", (int)other);
		if (!end_leftovers(fd, &st))
			return err_set(e, ERR_CONFLICT, "running", "processes of an earlier start hold %.100s and do not end", path);
	}
	(void)snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0)
		return err_sys(e, "%s", path);
	(void)give_fd(fd);
	return true;
}
