/* Each attempt in a child of its own, for there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "check.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static char dir[] = "/tmp/certmill-test.XXXXXX";
static char in[64], other[64];
static bool landlock;

/* The wait status of f in a confined child; f's result is its exit status, 99 when it could not be confined. */
static int
confined(struct sandbox s, int (*f)(void))
{
	const char *const read_[] = { NULL }, *const write_[] = { in, NULL };
	struct err e = { 0 };
	int status = 0;
	pid_t pid;

	s.read = read_;
	s.write = write_;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!sandbox_enter(&s, &e)) {
			(void)fprintf(stderr, "%s %s\n", e.msg, e.trail);
			_exit(99);
		}
		_exit(f());
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static int
exited(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static int
privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && (SANITIZED || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0) ? 0 : 1;
}

static void *
thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

/* What every daemon does. */
static int
daily_work(void)
{
	char path[80];
	pthread_t t;
	int ran = 0, fd, p[2];
	void *mem;

	(void)snprintf(path, sizeof(path), "%s/file", in);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || close(fd) != 0 || unlink(path) != 0)
		return 1;
	if (pthread_create(&t, NULL, thread, &ran) != 0 || pthread_join(t, NULL) != 0 || ran != 1)
		return 2;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0 || write(p[0], "y", 1) != 1)
		return 3;
	mem = malloc(50 << 20);
	if (mem == NULL)
		return 4;
	memset(mem, 1, 50 << 20);
	free(mem);
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return 5;
	secret_free(secret_new(20));
	log_info("sandbox.test", "fine=1");
	return 0;
}

static int
write_elsewhere(void)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "%s/file", other);
	return open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EACCES ? 0 : 1;
}

static int
read_elsewhere(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 && open("/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 &&
	    open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? 0 : 1;
}

static int
tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 10 : 1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED ? 11 : 12;
}

static int
exec_shell(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return errno == EACCES ? 20 : 21;
}

static int
trace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0) == 0 ? 0 : 1;
}

static int
mount_something(void)
{
	return mount("none", other, "tmpfs", 0, NULL) == 0 ? 0 : 1;
}

static int
keys(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 ? 0 : 1;
}

static int
make_process(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM ? 30 : 31;
}

static int
unknown_call(void)
{
	return syscall(5000) < 0 && errno == ENOSYS ? 0 : 1;
}

static int
listen_unix(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && listen(fd, 1) < 0 && errno == ENOSYS ? 40 : 41;
}

static int
missing_path(void)
{
	const char *const read_[] = { "/nonexistent/x", NULL };
	struct sandbox s = { .kind = SANDBOX_WEB, .read = read_ };
	struct err e = { 0 };

	return !sandbox_enter(&s, &e) && strstr(e.trail, "/nonexistent/x") != NULL ? 0 : 1;
}

static void *
sleeper(void *arg)
{
	(void)arg;
	(void)pause();
	return NULL;
}

static int
with_threads(void)
{
	struct sandbox s = { .kind = SANDBOX_WEB };
	struct err e = { 0 };
	pthread_t t;

	if (pthread_create(&t, NULL, sleeper, NULL) != 0)
		return 2;
	return !sandbox_enter(&s, &e) ? 0 : 1;
}

/* In a child, not confined beforehand. */
static int
child(int (*f)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f());
	(void)waitpid(pid, &status, 0);
	return exited(status);
}

int
main(void)
{
	static const enum sandbox_kind kinds[] = { SANDBOX_WEB, SANDBOX_WORKER, SANDBOX_STATUS, SANDBOX_SIGNER };
	const int killed = 1000 + SIGSYS;

	log_init("test", LOG_ERROR_);
	landlock = syscall(444, NULL, 0, 1) >= 1;
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(in, sizeof(in), "%s/in", dir);
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	if (mkdir(in, 0700) != 0 || mkdir(other, 0700) != 0)
		return 1;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct sandbox s = { .kind = kinds[i] };

		CHECK(exited(confined(s, privileges)) == 0, "kind %d: privileges", s.kind);
		CHECK(exited(confined(s, daily_work)) == 0, "kind %d: %d", s.kind, exited(confined(s, daily_work)));
		if (landlock) {
			CHECK(exited(confined(s, write_elsewhere)) == 0, "kind %d: writes elsewhere", s.kind);
			CHECK(exited(confined(s, read_elsewhere)) == 0, "kind %d: reads elsewhere", s.kind);
		}
		if (SANITIZED)
			continue;
		CHECK(exited(confined(s, tcp)) == 10, "kind %d: TCP", s.kind);
		s.inet = true;
		CHECK(exited(confined(s, tcp)) == (s.kind == SANDBOX_SIGNER ? 10 : 11), "kind %d: TCP when asked for: %d",
		    s.kind, exited(confined(s, tcp)));
		CHECK(exited(confined(s, exec_shell)) == killed, "kind %d: exec", s.kind);
		CHECK(exited(confined(s, trace)) == killed, "kind %d: ptrace", s.kind);
		CHECK(exited(confined(s, mount_something)) == killed, "kind %d: mount", s.kind);
		CHECK(exited(confined(s, keys)) == killed, "kind %d: keyctl", s.kind);
		CHECK(exited(confined(s, make_process)) == 30, "kind %d: fork", s.kind);
		CHECK(exited(confined(s, unknown_call)) == 0, "kind %d: an unknown call", s.kind);
		CHECK((exited(confined(s, listen_unix)) == 40) == (s.kind == SANDBOX_WORKER), "kind %d: listening", s.kind);
	}
	if (landlock) {
		CHECK(child(missing_path) == 0, "a path that is not there is named");
	}
	if (!SANITIZED)
		CHECK(child(with_threads) == 0, "not after threads were started");
	(void)rmdir(in);
	(void)rmdir(other);
	(void)rmdir(dir);
	return check_done();
}
