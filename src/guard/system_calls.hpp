// seccomp(2): the system calls a worker may make.
//
// What no worker has a use for and an intruder wants first (to run a program, to look into another process,
// to get rights) kills the process: its supervisor tells of signal 31 (SIGSYS) and starts another. Any other
// call that is not on the list fails with ENOSYS, as on an older kernel: libraries try new calls and live
// with that, and a library that was updated must not stop the mail. The kernel's audit log names both.
#pragma once

namespace sluice::guard {

/// Restricts all threads of this process for good. False where the kernel has no seccomp filters, and in
/// builds with sanitizers. Throws std::system_error.
bool restrict_system_calls();

}  // namespace sluice::guard
