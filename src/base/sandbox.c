#include "base/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/landlock.h"
#include "base/log.h"
#include "base/own.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

OWN_TYPE(DIR, closedir)
static inline void own_filter(void **own_p) { if (*own_p != NULL) seccomp_release(*own_p); }

#define ALL	(1u << SANDBOX_WEB | 1u << SANDBOX_WORKER | 1u << SANDBOX_STATUS | 1u << SANDBOX_SIGNER)
#define SERVERS	(ALL & ~(1u << SANDBOX_WORKER))

/*
 * What our daemons, libc, OpenSSL, SQLite, libpq, libcurl and libmicrohttpd call.  Anything that stands
 * neither here nor in `foreign` answers ENOSYS, as from a kernel that does not know it: the C library then
 * takes its older way, so that its next update stops no daemon.
 */
static const struct allowed {
	const char	*name;
	unsigned	 kinds;
} allowed[] = {
	/* memory */
	{ "brk", ALL }, { "mmap", ALL }, { "mmap2", ALL }, { "munmap", ALL }, { "mprotect", ALL },
	{ "mremap", ALL }, { "madvise", ALL }, { "mlock", ALL }, { "mlock2", ALL }, { "munlock", ALL },
	{ "msync", ALL }, { "membarrier", ALL }, { "mincore", ALL }, { "get_mempolicy", ALL },
	/* threads, signals, time */
	{ "futex", ALL }, { "futex_time64", ALL }, { "set_robust_list", ALL }, { "get_robust_list", ALL },
	{ "rseq", ALL }, { "set_tid_address", ALL }, { "arch_prctl", ALL }, { "prctl", ALL },
	{ "exit", ALL }, { "exit_group", ALL }, { "sched_yield", ALL }, { "sched_getaffinity", ALL },
	{ "sched_setaffinity", ALL }, { "sched_getparam", ALL }, { "sched_getscheduler", ALL },
	{ "sched_setscheduler", ALL }, { "sched_get_priority_max", ALL }, { "sched_get_priority_min", ALL },
	{ "getpriority", ALL }, { "setpriority", ALL }, { "getcpu", ALL },
	{ "rt_sigaction", ALL }, { "rt_sigprocmask", ALL }, { "rt_sigreturn", ALL }, { "rt_sigpending", ALL },
	{ "rt_sigtimedwait", ALL }, { "rt_sigsuspend", ALL }, { "sigaltstack", ALL }, { "sigreturn", ALL },
	{ "signalfd4", ALL }, { "kill", ALL }, { "tgkill", ALL }, { "tkill", ALL }, { "pause", ALL },
	{ "restart_syscall", ALL }, { "wait4", ALL }, { "waitid", ALL },
	{ "clock_gettime", ALL }, { "clock_gettime64", ALL }, { "clock_getres", ALL }, { "clock_nanosleep", ALL },
	{ "clock_nanosleep_time64", ALL }, { "nanosleep", ALL }, { "gettimeofday", ALL }, { "time", ALL },
	{ "times", ALL }, { "alarm", ALL }, { "setitimer", ALL }, { "getitimer", ALL },
	{ "timerfd_create", ALL }, { "timerfd_settime", ALL }, { "timerfd_gettime", ALL },
	{ "timer_create", ALL }, { "timer_settime", ALL }, { "timer_delete", ALL },
	/* who we are */
	{ "getpid", ALL }, { "getppid", ALL }, { "gettid", ALL }, { "getuid", ALL }, { "geteuid", ALL },
	{ "getgid", ALL }, { "getegid", ALL }, { "getresuid", ALL }, { "getresgid", ALL }, { "getgroups", ALL },
	{ "getpgrp", ALL }, { "getpgid", ALL }, { "getsid", ALL }, { "uname", ALL }, { "sysinfo", ALL },
	{ "getrlimit", ALL }, { "setrlimit", ALL }, { "prlimit64", ALL }, { "getrusage", ALL },
	{ "getrandom", ALL }, { "capget", ALL }, { "umask", ALL },
	/* descriptors */
	{ "read", ALL }, { "write", ALL }, { "readv", ALL }, { "writev", ALL }, { "pread64", ALL },
	{ "pwrite64", ALL }, { "preadv", ALL }, { "pwritev", ALL }, { "preadv2", ALL }, { "pwritev2", ALL },
	{ "close", ALL }, { "close_range", ALL }, { "dup", ALL }, { "dup2", ALL }, { "dup3", ALL },
	{ "fcntl", ALL }, { "fcntl64", ALL }, { "flock", ALL }, { "lseek", ALL }, { "_llseek", ALL },
	{ "pipe", ALL }, { "pipe2", ALL }, { "eventfd2", ALL }, { "memfd_create", ALL }, { "sendfile", ALL },
	{ "sendfile64", ALL }, { "splice", ALL }, { "copy_file_range", ALL },
	{ "poll", ALL }, { "ppoll", ALL }, { "ppoll_time64", ALL }, { "select", ALL }, { "pselect6", ALL },
	{ "epoll_create", ALL }, { "epoll_create1", ALL }, { "epoll_ctl", ALL }, { "epoll_wait", ALL },
	{ "epoll_pwait", ALL }, { "epoll_pwait2", ALL },
	/* files; Landlock says which */
	{ "open", ALL }, { "openat", ALL }, { "openat2", ALL }, { "creat", ALL }, { "access", ALL },
	{ "faccessat", ALL }, { "faccessat2", ALL }, { "stat", ALL }, { "lstat", ALL }, { "fstat", ALL },
	{ "stat64", ALL }, { "lstat64", ALL }, { "fstat64", ALL }, { "newfstatat", ALL }, { "fstatat64", ALL },
	{ "statx", ALL }, { "statfs", ALL }, { "fstatfs", ALL }, { "statfs64", ALL }, { "fstatfs64", ALL },
	{ "getdents", ALL }, { "getdents64", ALL }, { "getcwd", ALL }, { "chdir", ALL }, { "fchdir", ALL },
	{ "readlink", ALL }, { "readlinkat", ALL }, { "ftruncate", ALL }, { "ftruncate64", ALL },
	{ "truncate", ALL }, { "fallocate", ALL }, { "fsync", ALL }, { "fdatasync", ALL },
	{ "sync_file_range", ALL }, { "fadvise64", ALL }, { "fadvise64_64", ALL }, { "readahead", ALL },
	{ "rename", ALL }, { "renameat", ALL }, { "renameat2", ALL }, { "link", ALL }, { "linkat", ALL },
	{ "unlink", ALL }, { "unlinkat", ALL }, { "mkdir", ALL }, { "mkdirat", ALL }, { "rmdir", ALL },
	{ "chmod", ALL }, { "fchmod", ALL }, { "fchmodat", ALL }, { "chown", ALL }, { "fchown", ALL },
	{ "fchownat", ALL }, { "lchown", ALL }, { "utimensat", ALL }, { "utimes", ALL },
	{ "inotify_init1", ALL }, { "inotify_add_watch", ALL }, { "inotify_rm_watch", ALL },
	/* sockets; which families, see socket_rules */
	{ "socketpair", ALL }, { "connect", ALL }, { "bind", ALL }, { "send", ALL }, { "sendto", ALL },
	{ "sendmsg", ALL }, { "sendmmsg", ALL }, { "recv", ALL }, { "recvfrom", ALL }, { "recvmsg", ALL },
	{ "recvmmsg", ALL }, { "shutdown", ALL }, { "getsockname", ALL }, { "getpeername", ALL },
	{ "getsockopt", ALL }, { "setsockopt", ALL },
	{ "listen", SERVERS }, { "accept", SERVERS }, { "accept4", SERVERS },
};

/* What no library of ours ever calls: an intruder does.  The process ends. */
static const char *const foreign[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp",
	"pidfd_getfd", "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
	"fsconfig", "fsmount", "fspick", "mount_setattr", "setns", "unshare", "open_by_handle_at",
	"kexec_load", "kexec_file_load", "init_module", "finit_module", "create_module", "delete_module",
	"reboot", "swapon", "swapoff", "acct", "bpf", "perf_event_open", "userfaultfd", "add_key",
	"request_key", "keyctl", "iopl", "ioperm", "modify_ldt", "personality", "settimeofday", "clock_settime",
	"clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname", "quotactl", "vhangup", "syslog",
	"nfsservctl", "lookup_dcookie", "io_uring_setup",
};

static bool
rule(scmp_filter_ctx f, uint32_t action, const char *name, struct err *e)
{
	int nr = seccomp_syscall_resolve_name(name), rc;

	if (nr == __NR_SCMP_ERROR)
		return true;		/* not one of this machine, or newer than the library */
	rc = seccomp_rule_add(f, action, nr, 0);
	if (rc == -EDOM || rc == -EACCES)
		return true;		/* not on this architecture; or the default already */
	if (rc != 0) {
		errno = -rc;
		return err_sys(e, "sandbox: seccomp rule %s", name);
	}
	return true;
}

static bool
rule_arg(scmp_filter_ctx f, uint32_t action, int nr, struct scmp_arg_cmp cmp, struct err *e)
{
	int rc = seccomp_rule_add_array(f, action, nr, 1, &cmp);

	if (rc == 0 || rc == -EDOM)
		return true;
	errno = -rc;
	return err_sys(e, "sandbox: seccomp rule for system call %d", nr);
}

static bool
socket_rules(scmp_filter_ctx f, bool inet, struct err *e)
{
	static const unsigned families[] = { AF_INET, AF_INET6, AF_NETLINK };	/* netlink: getaddrinfo */
	uint32_t action = inet ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT);
	size_t i;

	for (i = 0; i < COUNT(families); i++)
		if (!rule_arg(f, action, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, families[i], 0), e))
			return false;
	return rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0), e);
}

/* Threads yes, processes no.  clone3 has its flags behind a pointer: ENOSYS sends libc back to clone. */
static bool
clone_rules(scmp_filter_ctx f, struct err *e)
{
	return rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(clone),
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD), e) &&
	    rule_arg(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0), e);
}

static bool
ioctl_rules(scmp_filter_ctx f, struct err *e)
{
	static const unsigned requests[] = { FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ };
	size_t i;

	for (i = 0; i < COUNT(requests); i++)
		if (!rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]), e))
			return false;
	return true;
}

static bool
seccomp_enter(const struct sandbox *s, struct err *e)
{
	__attribute__((cleanup(own_filter))) void *f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	size_t i;
	int rc;

	if (f == NULL)
		return err_sys(e, "sandbox: seccomp");
	if (seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		return err_sys(e, "sandbox: seccomp");
	for (i = 0; i < COUNT(allowed); i++)
		if ((allowed[i].kinds & 1u << s->kind) != 0 && !rule(f, SCMP_ACT_ALLOW, allowed[i].name, e))
			return false;
	for (i = 0; i < COUNT(foreign); i++)
		if (!rule(f, SCMP_ACT_KILL_PROCESS, foreign[i], e))
			return false;
	if (!socket_rules(f, s->inet, e) || !clone_rules(f, e) || !ioctl_rules(f, e))
		return false;
	rc = seccomp_load(f);
	if (rc != 0) {
		errno = -rc;
		return err_sys(e, "sandbox: seccomp filter");
	}
	return true;
}

static int
threads_count(void)
{
	OWN(closedir) DIR *d = opendir("/proc/self/task");
	const struct dirent *t;
	int n = 0;

	while (d != NULL && (t = readdir(d)) != NULL)
		n += t->d_name[0] != '.';
	return n;
}

bool
sandbox_enter(const struct sandbox *want, struct err *e)
{
	const struct rlimit no_core = { 0, 0 };
	struct sandbox it = *want, *s = &it;
	int abi;

	s->inet = s->inet && s->kind != SANDBOX_SIGNER;

	if (!SANITIZED && threads_count() > 1) {
		errno = 0;
		return err_sys(e, "sandbox: entered after threads were started");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return err_sys(e, "sandbox: privileges");
	if (!landlock_enter(s, &abi, e))
		return false;
	if (abi == 0)
		log_warn("sandbox.landlock", "reason=\"not offered by this kernel; paths are not confined\"");
	if (SANITIZED) {
		log_warn("sandbox.sanitizer", "reason=\"built with a sanitizer: dumpable, no seccomp\"");
		return true;
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_sys(e, "sandbox: dumpable");
	return seccomp_enter(s, e);
}
