// Files without a name: nothing remains of them, however the process ends.
#pragma once

#include <string>
#include <string_view>

#include "net/fd.hpp"

namespace sluice::net {

/// An empty file in `directory` that only this process can read and write. Empty with errno set on failure.
/// Blocks.
Fd open_unlinked(const std::string& directory);

/// Appends all octets. False with errno set when the disk does not take them. Blocks.
bool write_all(int file, std::string_view octets);

/// Used by open_unlinked() where the file system has no O_TMPFILE (NFS, FUSE): for an instant the file has a
/// name.
Fd create_and_unlink(const std::string& directory);

}  // namespace sluice::net
