// Files without a name: nothing to clean up, whatever becomes of the process.
#pragma once

#include <string>

#include "net/fd.hpp"

namespace sluice::net {

/// An empty file in `directory`, to be read and written by us alone. Empty with errno set on failure. Blocks.
Fd open_unlinked(const std::string& directory);

/// What open_unlinked() does where the file system has no O_TMPFILE (NFS, FUSE): for an instant the file has
/// a name.
Fd create_and_unlink(const std::string& directory);

}  // namespace sluice::net
