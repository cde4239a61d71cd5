// Files without a name: nothing to clean up, whatever becomes of the process.
#pragma once

#include <string>
#include <string_view>

#include "net/fd.hpp"

namespace sluice::net {

/// An empty file in `directory`, to be read and written by us alone. Empty with errno set on failure. Blocks.
Fd open_unlinked(const std::string& directory);

/// Appends all of it. False with errno set when the disk would not have it. Blocks.
bool write_all(int file, std::string_view octets);

/// What open_unlinked() does where the file system has no O_TMPFILE (NFS, FUSE): for an instant the file has
/// a name.
Fd create_and_unlink(const std::string& directory);

}  // namespace sluice::net
