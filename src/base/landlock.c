/*
 * Landlock by system call.  The header of Debian 12 knows ABI 2 or so, the running kernel may know
 * more: the version is asked for at run time and newer constants stand here.
 */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/own.h"

#define FS_EXECUTE	((uint64_t)1 << 0)
#define FS_WRITE_FILE	((uint64_t)1 << 1)
#define FS_READ_FILE	((uint64_t)1 << 2)
#define FS_READ_DIR	((uint64_t)1 << 3)
#define FS_REMOVE_DIR	((uint64_t)1 << 4)
#define FS_REMOVE_FILE	((uint64_t)1 << 5)
#define FS_MAKE_DIR	((uint64_t)1 << 7)
#define FS_MAKE_REG	((uint64_t)1 << 8)
#define FS_MAKE_SOCK	((uint64_t)1 << 9)
#define FS_ABI_1	(((uint64_t)1 << 13) - 1)
#define FS_REFER	((uint64_t)1 << 13)	/* ABI 2 */
#define FS_TRUNCATE	((uint64_t)1 << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	((uint64_t)1 << 15)	/* ABI 5 */
#define NET_BIND_TCP	((uint64_t)1 << 0)	/* ABI 4 */
#define NET_CONNECT_TCP	((uint64_t)1 << 1)
#define SCOPE_ABSTRACT_UNIX	((uint64_t)1 << 0)	/* ABI 6 */
#define SCOPE_SIGNAL		((uint64_t)1 << 1)

#define FS_READ		(FS_READ_FILE | FS_READ_DIR)
#define FS_WRITE	(FS_READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | \
			FS_MAKE_SOCK | FS_REFER | FS_TRUNCATE)
#define FS_OF_FILES	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

#define SYS_CREATE_RULESET	444
#define SYS_ADD_RULE		445
#define SYS_RESTRICT_SELF	446
#define CREATE_VERSION		1u
#define RULE_PATH_BENEATH	1

struct ruleset_attr {
	uint64_t	fs, net, scoped;
};

struct path_attr {
	uint64_t	access;
	int32_t		parent_fd;
} __attribute__((packed));

/* What the C library and OpenSSL read by themselves; those that are missing are passed over. */
static const char *const system_read[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
	"/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl", "/usr/share/ca-certificates",
	"/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/proc/self", "/sys/devices/system/cpu",
	"/proc/meminfo", "/proc/cpuinfo", "/dev/urandom", "/dev/random", NULL
};
static const char *const system_write[] = { "/dev/null", NULL };
/* To find hosts by name; the resolver's file may be a link into a directory that is rewritten as a whole. */
static const char *const inet_read[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
	"/run/systemd/resolve", "/run/resolvconf", NULL
};

static bool
allow(int ruleset, const char *const *paths, uint64_t access, bool must_exist, struct err *e)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		OWN_FD int fd = open(*paths, O_PATH | O_CLOEXEC);
		struct path_attr rule = { .access = access, .parent_fd = fd };
		struct stat st;

		if (fd < 0 && !must_exist)
			continue;
		if (fd < 0 || fstat(fd, &st) != 0)
			return err_sys(e, "sandbox: %s", *paths);
		if (!S_ISDIR(st.st_mode))
			rule.access &= FS_OF_FILES;
		if (syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
			return err_sys(e, "sandbox: landlock rule for %s", *paths);
	}
	return true;
}

bool
landlock_enter(const struct sandbox *s, int *abi_out, struct err *e)
{
	long abi = syscall(SYS_CREATE_RULESET, NULL, 0, CREATE_VERSION);
	struct ruleset_attr attr = { .fs = FS_ABI_1 };
	uint64_t later = FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV;
	size_t size = sizeof(attr.fs);
	OWN_FD int ruleset = -1;

	*abi_out = 0;
	if (abi < 1)
		return true;		/* not built in, switched off, or hidden by a container's filter */
	if (abi < 5)
		later &= ~FS_IOCTL_DEV;
	if (abi < 3)
		later &= ~FS_TRUNCATE;
	if (abi < 2)
		later &= ~FS_REFER;
	attr.fs |= later;
	if (abi >= 4) {
		attr.net = (s->inet && s->listen ? 0 : NET_BIND_TCP) | (s->inet ? 0 : NET_CONNECT_TCP);
		size = 2 * sizeof(uint64_t);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	ruleset = (int)syscall(SYS_CREATE_RULESET, &attr, size, 0);
	if (ruleset < 0)
		return err_sys(e, "sandbox: landlock ruleset");
	if (!allow(ruleset, s->read, FS_READ & attr.fs, true, e) ||
	    !allow(ruleset, s->write, FS_WRITE & attr.fs, true, e) ||
	    !allow(ruleset, system_read, FS_READ & attr.fs, false, e) ||
	    !allow(ruleset, system_write, FS_WRITE & attr.fs, false, e) ||
	    (s->inet && !allow(ruleset, inet_read, FS_READ & attr.fs, false, e)))
		return false;
	if (syscall(SYS_RESTRICT_SELF, ruleset, 0) != 0)
		return err_sys(e, "sandbox: landlock");
	*abi_out = (int)abi;
	return true;
}
