// Builds with AddressSanitizer or ThreadSanitizer guard less: the sanitizers' own code reads /proc and the
// binary for its reports, stops threads by ptrace to look for leaks, and makes system calls that no worker
// makes. So in those builds the system calls are not filtered, all files can be read, and the process may be
// traced. Everything else holds.
#pragma once

namespace sluice::guard {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace sluice::guard
