// seccomp(2): the system calls that a worker may make.
//
// Calls that no worker needs and that an intruder wants first (to run a program, to look into another
// process, to gain rights) kill the process: its supervisor reports signal 31 (SIGSYS) and starts another.
// Any other call that is not on the list fails with ENOSYS, as on an older kernel: libraries try new calls
// and can do without them, and an updated library must not stop the mail. The kernel's audit log names both.
#pragma once

namespace sluice::guard {

/// Restricts all threads of this process for good. False where the kernel has no seccomp filters, and in
/// builds with sanitizers. Throws std::system_error.
bool restrict_system_calls();

}  // namespace sluice::guard
