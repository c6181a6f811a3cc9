/* The supervisor over shells: restarts, orphans, order of the end, a start that fails; and the lock. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/serve/lock.h"
#include "cmd/serve/supervise.h"

static char dir[64];
static bool answers = true;

/* The pid that a child wrote, once it is another than `not`; 0 after 5 s. */
static pid_t
pid_in(const char *name, pid_t not)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (int i = 0; i < 1000; i++) {
		FILE *f = fopen(path, "r");
		int pid = 0;

		if (f != NULL) {
			bool got = fscanf(f, "%d", &pid) == 1;

			(void)fclose(f);
			if (got && pid != not)
				return (pid_t)pid;
		}
		(void)usleep(5000);
	}
	return 0;
}

/* Gone, or a zombie that nobody has reaped. */
static bool
gone(pid_t pid)
{
	for (int i = 0; i < 400; i++) {
		char path[64], line[256] = "";
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "r");
		if (f == NULL)
			return true;
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		(void)fclose(f);
		if (strstr(line, ") Z ") != NULL)
			return true;
		(void)usleep(5000);
	}
	return false;
}

static bool
ready(const void *conf)
{
	(void)conf;
	return answers;
}

static void
announce(const void *conf)
{
	FILE *f;
	char path[128];

	(void)conf;
	(void)snprintf(path, sizeof(path), "%s/ready", dir);
	f = fopen(path, "w");
	(void)fprintf(f, "%d\n", (int)getpid());
	(void)fclose(f);
}

/* A supervisor in a process of its own, with these scripts as children; its exit: 0 good, 3 did not come up. */
static pid_t
supervisor(const char *const *scripts, size_t n)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct child list[4] = { 0 };
		const char *argv[4][4];
		struct supervise s = { .children = list, .n = n, .ready = ready, .announce = announce };
		struct err e = { 0 };

		if (chdir(dir) != 0 || !lock_take(dir, &e))
			_exit(4);
		for (size_t i = 0; i < n; i++) {
			argv[i][0] = "sh";
			argv[i][1] = "-c";
			argv[i][2] = scripts[i];
			argv[i][3] = NULL;
			list[i] = (struct child){ .name = i == 0 ? "first" : "second", .argv = argv[i], .stop_signal = SIGTERM,
				.stop_late = i == 0, .leaves_orphans = i == 1 };
		}
		_exit(supervise(&s, &e) ? 0 : 3);
	}
	return pid;
}

static int
exit_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_life(void)
{
	static const char *const scripts[] = {
		"echo $$ > first; exec sleep 1000",
		"sleep 1000 & echo $! > orphan; echo $$ > second; exec sleep 1000",
	};
	pid_t sup = supervisor(scripts, 2), first = pid_in("first", 0), second = pid_in("second", 0), orphan = pid_in("orphan", 0);
	struct err e = { 0 };
	int64_t begun_ms = clock_mono_ms();

	CHECK(pid_in("ready", 0) == sup, "announced");
	CHECK(!lock_take(dir, &e) && strstr(e.msg, "runs already") != NULL, "%s", e.msg);
	(void)kill(first, SIGKILL);
	CHECK(pid_in("first", first) != 0, "it came back");
	first = pid_in("first", first);
	(void)kill(second, SIGKILL);
	CHECK(pid_in("second", second) != 0, "it came back");
	CHECK(clock_mono_ms() - begun_ms < 3000, "soon");
	CHECK(gone(orphan), "what it left behind is gone");
	second = pid_in("second", second);
	(void)kill(sup, SIGHUP);
	(void)usleep(20000);
	CHECK(kill(first, 0) == 0 && kill(second, 0) == 0, "SIGHUP ends nobody");
	(void)kill(sup, SIGTERM);
	CHECK(exit_of(sup) == 0, "a good end");
	CHECK(kill(first, 0) != 0 && kill(second, 0) != 0 && gone(pid_in("orphan", orphan)), "nobody is left");
}

/* Its child dies with it, the child's own child does not, as the workers of a killed nginx. */
static void
test_killed(void)
{
	static const char *const scripts[] = { "sleep 1000 & echo $! > left; exec sleep 1000" };
	pid_t sup = supervisor(scripts, 1), left = pid_in("left", 0), next;

	(void)kill(sup, SIGKILL);
	(void)exit_of(sup);
	CHECK(kill(left, 0) == 0, "it outlives its supervisor");
	next = supervisor(scripts, 1);
	CHECK(pid_in("left", left) != 0 && gone(left), "the next start ends it first");
	(void)kill(next, SIGTERM);
	CHECK(exit_of(next) == 0 && gone(pid_in("left", left)), "stopped");
}

static void
test_failed_start(void)
{
	static const char *const scripts[] = { "echo $$ > lives; exec sleep 1000", "sleep 0.05; exit 7" };

	answers = false;
	CHECK(exit_of(supervisor(scripts, 2)) == 3, "a child that gives up ends the start");
	CHECK(gone(pid_in("lives", 0)), "and takes the other along");
}

int
main(void)
{
	char command[128];

	(void)snprintf(dir, sizeof(dir), "/tmp/supervise-test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	log_init("test", LOG_ERROR_);
	test_life();
	test_killed();
	test_failed_start();
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0, "%s", command);
	return check_done();
}
