/*
 * clock - a wall clock of its own for every kind of process: preloaded into all of an instance's.
 *
 * FAULT_CLOCKS names a file of one struct a kind.  It is mapped before the process confines itself, so that a
 * jump reaches those too that cannot open files any more; `reads` says that it did.  Deadlines of waits are
 * turned back, as the kernel's own would be where the clock is right.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct clock {
	_Atomic int64_t		shift_s;
	_Atomic uint64_t	reads;		/* while it was shifted */
};

static const char *const kinds[] = { "other", "web", "worker", "status", "signer", "nginx" };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct clock none, *ours = &none;

static unsigned
kind_of(int argc, char **argv)
{
	for (unsigned k = 1; k < KINDS; k++) {
		if (argc > 0 && strstr(argv[0], "certmill-signer") != NULL && strcmp(kinds[k], "signer") == 0)
			return k;
		if (argc > 0 && strstr(argv[0], "nginx") != NULL && strcmp(kinds[k], "nginx") == 0)
			return k;
		for (int i = 1; i + 1 < argc; i++)
			if (strcmp(argv[i], "--only") == 0 && strcmp(argv[i + 1], kinds[k]) == 0)
				return k;
	}
	return 0;
}

__attribute__((constructor)) static void
begin(int argc, char **argv)
{
	const char *path = getenv("FAULT_CLOCKS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	struct clock *all;

	if (fd < 0)
		return;
	all = mmap(NULL, KINDS * sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (all != MAP_FAILED)
		ours = &all[kind_of(argc, argv)];
}

static int64_t
shift(void)
{
	int64_t s = ours->shift_s;

	if (s != 0)
		ours->reads++;
	return s;
}

#define REAL(name) \
	static __typeof__(&name) real; \
	if (real == NULL) { \
		void *p = dlsym(RTLD_NEXT, #name); \
		memcpy(&real, &p, sizeof(real)); \
	}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int rc;

	REAL(clock_gettime)
	rc = real(id, t);
	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += shift();
	return rc;
}

int
gettimeofday(struct timeval *t, void *zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*t = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	struct timespec t = *until;

	REAL(pthread_cond_timedwait)
	/* One of a monotonic clock is some days since the machine's start, and is left alone. */
	if (t.tv_sec > 1000000000)
		t.tv_sec -= ours->shift_s;
	return real(c, m, &t);
}

int
pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	struct timespec t = *until;

	REAL(pthread_mutex_timedlock)
	t.tv_sec -= ours->shift_s;
	return real(m, &t);
}

int
sem_timedwait(sem_t *s, const struct timespec *until)
{
	struct timespec t = *until;

	REAL(sem_timedwait)
	t.tv_sec -= ours->shift_s;
	return real(s, &t);
}
