#include "guard/system_calls.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <asm/ioctls.h>
#include <cerrno>
#include <initializer_list>
#include <memory>

#include "guard/sanitizers.hpp"

namespace sluice::guard {

namespace {

/// Calls that workers make: those that strace showed over the end-to-end tests, and their variants that
/// another version of a library, or another processor, uses instead.
constexpr int allowed[] = {
    // the loop, its timers and its threads
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(alarm), SCMP_SYS(setitimer), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(restart_syscall),
    SCMP_SYS(set_tid_address), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // octets
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(fcntl), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(lseek), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sendfile),
    // sockets: connected and accepted here, bound for answers to UDP, never listened on
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(socketpair),
    SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
    // files: Landlock decides which ones
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    // memory
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // itself
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrandom), SCMP_SYS(getrlimit), SCMP_SYS(getrusage),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(times), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack)};

constexpr int forbidden[] = {
    // other programs and processes
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(kill), SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_send_signal), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    // rights
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(capset),
    SCMP_SYS(personality), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    // file systems and name spaces
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount),
    SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(mount_setattr), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mknod), SCMP_SYS(mknodat),
    SCMP_SYS(open_by_handle_at),
    // wide or odd doors into the kernel
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(iopl), SCMP_SYS(ioperm)};

void check(int result, const char* what) {
    if (result != 0) throw std::system_error(-result, std::generic_category(), what);
}

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
        if (!context_) throw std::system_error(ENOMEM, std::generic_category(), "seccomp_init");
        set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);  // 32-bit calls would have other numbers
        set(SCMP_FLTATR_CTL_TSYNC, 1);
        constexpr std::uint32_t binary_tree = 2;
        set(SCMP_FLTATR_CTL_OPTIMIZE, binary_tree);
        // Since Linux 4.14 refused calls are audited. On older kernels they are refused all the same.
        (void)seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_LOG, 1);
    }

    void allow(int call, std::initializer_list<scmp_arg_cmp> if_all = {}) {
        add(SCMP_ACT_ALLOW, call, if_all);
    }
    void forbid(int call, std::initializer_list<scmp_arg_cmp> if_all = {}) {
        add(SCMP_ACT_KILL_PROCESS, call, if_all);
    }
    void load() { check(seccomp_load(context_.get()), "seccomp_load"); }

  private:
    void set(scmp_filter_attr attribute, std::uint32_t value) {
        check(seccomp_attr_set(context_.get(), attribute, value), "seccomp_attr_set");
    }
    void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> if_all) {
        check(seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(if_all.size()),
                                     if_all.begin()),
              "seccomp_rule_add");
    }

    std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp differs(unsigned argument, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_NE, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

void rule_processes(Filter& filter) {
    // Threads are allowed, processes are not. clone3 hides its flags behind a pointer, so it fails as
    // unknown, and the C library falls back to clone.
    filter.allow(SCMP_SYS(clone), {masked(0, CLONE_THREAD, CLONE_THREAD)});
    filter.forbid(SCMP_SYS(clone), {masked(0, CLONE_THREAD, 0)});
    // abort() sends its signal to its own process.
    const auto self = static_cast<scmp_datum_t>(::getpid());
    filter.allow(SCMP_SYS(tgkill), {equals(0, self)});
    filter.forbid(SCMP_SYS(tgkill), {differs(0, self)});
    filter.allow(SCMP_SYS(prctl), {equals(0, PR_SET_NAME)});
    filter.allow(SCMP_SYS(prctl), {equals(0, PR_SET_PDEATHSIG)});
    filter.allow(SCMP_SYS(prlimit64), {equals(2, 0)});  // only reads the limit
}

void rule_memory(Filter& filter) {
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        filter.allow(call, {masked(2, PROT_EXEC, 0)});
        filter.forbid(call, {masked(2, PROT_EXEC, PROT_EXEC)});
    }
}

void rule_sockets(Filter& filter) {
    constexpr scmp_datum_t type_mask = 0xf;  // the rest are SOCK_NONBLOCK and SOCK_CLOEXEC
    for (const scmp_datum_t family : {AF_INET, AF_INET6})
        for (const scmp_datum_t type : {SOCK_STREAM, SOCK_DGRAM})
            filter.allow(SCMP_SYS(socket), {equals(0, family), masked(1, type_mask, type)});
    filter.allow(SCMP_SYS(socket), {equals(0, AF_UNIX), masked(1, type_mask, SOCK_STREAM)});
    filter.forbid(SCMP_SYS(socket), {equals(0, AF_PACKET)});
    for (const scmp_datum_t request : {FIONREAD, FIONBIO, TCGETS, TIOCOUTQ})
        filter.allow(SCMP_SYS(ioctl), {equals(1, request)});
}

}  // namespace

bool restrict_system_calls() {
    if (sanitized || seccomp_api_get() == 0) return false;
    Filter filter;
    for (const int call : allowed)
        filter.allow(call);
    for (const int call : forbidden)
        filter.forbid(call);
    rule_processes(filter);
    rule_memory(filter);
    rule_sockets(filter);
    filter.load();
    return true;
}

}  // namespace sluice::guard
