#include "cmd/serve/supervise.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/own.h"

#define PAUSE_FIRST_MS	100
#define PAUSE_MAX_MS	5000
#define STEADY_MS	10000		/* one that lived so long starts again at once when it dies */
#define START_MS	60000		/* a first start may make keys or migrate a store */

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

static void
signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < COUNT(signals); i++)
		(void)sigaddset(set, signals[i]);
}

/* ---- starting one ---- */

static void __attribute__((noreturn))
become(const struct child *c, pid_t parent, const sigset_t *mask)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Not SIGKILL: nginx takes its workers with it, the others finish what is half done. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	/* Who does not know SIGHUP lives through it. */
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execvp(c->program != NULL ? c->program : c->argv[0], (char *const *)(uintptr_t)c->argv);
	(void)fprintf(stderr, "certmill serve: cannot run %s: %s\n", c->program != NULL ? c->program : c->argv[0],
	    strerror(errno));
	_exit(127);
}

static void
start(struct child *c, const sigset_t *mask)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become(c, parent, mask);
	c->due_ms = 0;
	c->started_ms = clock_mono_ms();
	if (pid < 0) {
		log_warn("serve.fork", "child=%s why=\"%s\"", c->name, strerror(errno));
		c->due_ms = clock_mono_ms() + PAUSE_MAX_MS;
		return;
	}
	c->pid = pid;
	log_info("serve.started", "child=%s pid=%d", c->name, (int)pid);
}

/* ---- what a killed one leaves behind ---- */

static pid_t
parent_of(const char *pid_text)
{
	char path[64], line[512], *p;
	int ppid = -1;
	OWN(fclose) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid_text);
	f = fopen(path, "re");
	/* The name stands in parentheses and may hold any. */
	if (f == NULL || fgets(line, sizeof(line), f) == NULL || (p = strrchr(line, ')')) == NULL ||
	    sscanf(p, ") %*c %d", &ppid) != 1)
		return -1;
	return ppid;
}

static bool
is_child(const struct supervise *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid == pid)
			return true;
	return false;
}

/* Kills the processes that were handed to us and reaps them; how many are still there. */
static int
kill_orphans(const struct supervise *s)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	if (proc == NULL)
		return 0;
	for (struct dirent *de; (de = readdir(proc)) != NULL; ) {
		pid_t pid = (pid_t)atoi(de->d_name);

		if (pid > 1 && parent_of(de->d_name) == getpid() && !is_child(s, pid)) {
			(void)kill(pid, SIGKILL);
			n += waitpid(pid, NULL, WNOHANG) != pid;	/* the dead among them are done with */
		}
	}
	(void)closedir(proc);
	return n;
}

/* They are gone when they are reaped: only then are their ports free. */
static void
end_orphans(const struct supervise *s, const char *of)
{
	int n = kill_orphans(s);

	if (n == 0)
		return;
	log_warn("serve.orphans", "of=%s killed=%d", of, n);
	for (int i = 0; i < 400 && kill_orphans(s) > 0; i++)
		(void)usleep(5000);
}

/* ---- dying and coming back ---- */

static void
ended(struct child *c, int status, bool up, bool stopping)
{
	int64_t lived_ms = clock_mono_ms() - c->started_ms;

	c->pid = 0;
	if (stopping)
		return;
	if (!up && WIFEXITED(status) && WEXITSTATUS(status) != 0)
		c->failed = true;
	c->pause_ms = lived_ms >= STEADY_MS || c->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * c->pause_ms;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
	c->due_ms = clock_mono_ms() + c->pause_ms;
	log_warn("serve.died", "child=%s %s=%d lived_ms=%lld again_in_ms=%d", c->name,
	    WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    (long long)lived_ms, c->pause_ms);
}

static void
reap(struct supervise *s, bool up, bool stopping)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < s->n; i++)
			if (s->children[i].pid == pid)
				ended(&s->children[i], status, up, stopping);
}

static void
restart_due(struct supervise *s, const sigset_t *mask)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];

		if (c->pid != 0 || c->due_ms == 0 || c->due_ms > now_ms)
			continue;
		if (c->leaves_orphans)
			end_orphans(s, c->name);
		start(c, mask);
	}
}

static int
wait_ms(const struct supervise *s)
{
	int64_t now_ms = clock_mono_ms(), next_ms = now_ms + 10000;

	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].due_ms != 0 && s->children[i].due_ms < next_ms)
			next_ms = s->children[i].due_ms;
	return next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static void
reload(struct supervise *s)
{
	log_info("serve.reload", "why=SIGHUP");
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];
		struct err e = { 0 };

		if (c->reload != NULL && !c->reload(s->conf, &e)) {
			log_err("serve.reload_refused", &e);
			continue;	/* it goes on with what it has */
		}
		if (c->pid != 0)
			(void)kill(c->pid, SIGHUP);
	}
}

/* Waits for a signal: its number, or 0 after so long. */
static int
next_signal(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&p, 1, ms) <= 0 || read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

/* ---- coming up ---- */

static bool
takes_connections(const char *path)
{
	struct err e = { 0 };
	int fd;

	if (!unix_connect(path, 100, &fd, &e))
		return false;
	(void)close(fd);
	return true;
}

static const struct child *
failed_one(const struct supervise *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].failed)
			return &s->children[i];
	return NULL;
}

/* One step of waiting; false when the start is over: a signal (*stop), or a child that gave up. */
static bool
start_step(struct supervise *s, int fd, const sigset_t *mask, int64_t end_ms, const char *for_what, bool *stop,
    struct err *e)
{
	int signo = next_signal(fd, 20);
	const struct child *c;

	if (signo == SIGTERM || signo == SIGINT) {
		*stop = true;
		return false;
	}
	reap(s, false, false);
	c = failed_one(s);
	if (c != NULL)
		return err_set(e, ERR_UNAVAILABLE, "start", "%s did not start; its own line above says why", c->name);
	if (clock_mono_ms() > end_ms)
		return err_set(e, ERR_UNAVAILABLE, "start", "%s did not answer within %d s; look at the log above", for_what,
		    START_MS / 1000);
	restart_due(s, mask);
	return true;
}

static bool
come_up(struct supervise *s, int fd, const sigset_t *mask, bool *stop, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];
		int64_t end_ms = clock_mono_ms() + START_MS;

		start(c, mask);
		while (c->socket != NULL && !takes_connections(c->socket))
			if (!start_step(s, fd, mask, end_ms, c->name, stop, e))
				return false;
	}
	for (int64_t end_ms = clock_mono_ms() + START_MS; !s->ready(s->conf); )
		if (!start_step(s, fd, mask, end_ms, "/readyz", stop, e))
			return false;
	return true;
}

/* ---- going down ---- */

static bool
ask_to_end(struct supervise *s, bool late)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid != 0 && s->children[i].stop_late == late) {
			(void)kill(s->children[i].pid, s->children[i].stop_signal);
			any = true;
		}
	return any;
}

static bool
any_alive(const struct supervise *s, bool late_too)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid != 0 && (late_too || !s->children[i].stop_late))
			return true;
	return false;
}

static void
signal_all(const struct supervise *s, int signo)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid != 0)
			(void)kill(s->children[i].pid, signo);
}

/*
 * Politely first: nginx lets running requests end, workers finish their slice, and the signer goes when nobody
 * can need it any more.  What is not gone after two thirds of the time is told, then killed.
 */
static void
go_down(struct supervise *s, int fd)
{
	int64_t begun_ms = clock_mono_ms();
	bool late = false, told = false, killed = false;

	(void)ask_to_end(s, false);
	while (any_alive(s, true)) {
		int64_t spent_ms = clock_mono_ms() - begun_ms;

		if (!late && (!any_alive(s, false) || spent_ms > STOP_MS * 2 / 3)) {
			late = true;
			(void)ask_to_end(s, true);
		}
		if (!told && spent_ms > STOP_MS * 2 / 3) {
			told = true;
			signal_all(s, SIGTERM);
		}
		if (!killed && spent_ms > STOP_MS - 1000) {
			killed = true;
			log_warn("serve.killed", "why=\"still there after %lld ms\"", (long long)spent_ms);
			signal_all(s, SIGKILL);
		}
		(void)next_signal(fd, 20);
		reap(s, true, true);
	}
	end_orphans(s, "stop");
}

static void
run(struct supervise *s, int fd, const sigset_t *mask)
{
	for (;;) {
		switch (next_signal(fd, wait_ms(s))) {
		case SIGTERM:
		case SIGINT:
			return;
		case SIGHUP:
			reload(s);
			break;
		default:
			break;
		}
		reap(s, true, false);
		restart_due(s, mask);
	}
}

bool
supervise(struct supervise *s, struct err *e)
{
	sigset_t set, mask;
	OWN_FD int fd = -1;
	bool stop = false, up;

	signal_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &mask);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return err_sys(e, "signalfd");
	up = come_up(s, fd, &mask, &stop, e);
	if (up) {
		s->announce(s->conf);
		run(s, fd, &mask);
	}
	go_down(s, fd);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	return up || stop;
}
