// The file of `verify = "list"`: it is read again when it changes, on the thread that may block.
//
// A change is noticed within a second by size, time of change and inode. When the file cannot be read the
// list stays as it was. Before it could ever be read there is no list, and verification is off: mail flows
// on, the MTA judges at delivery, and a notice says so.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "net/regular_look.hpp"
#include "relay/recipient_list.hpp"
#include "relay/relay.hpp"

namespace sluice::relay {

class ListFile {
  public:
    static constexpr std::size_t octets_max = std::size_t{256} << 20U;

    /// Reads the file at once and blocks, which is allowed before there are clients. All references must
    /// outlive it.
    ListFile(net::Loop& loop, net::Offload& offload, std::string path, const Notice& notice);

    /// Null before the file was first read.
    const RecipientList* list() const { return list_.get(); }

  private:
    /// One look at the file, sent to the thread and back.
    struct Look {
        std::string path;
        std::string version;  // known before the look; then the one found
        bool changed = false;
        std::string error = {};  // empty: the file could be read
        std::unique_ptr<RecipientList> list = nullptr;

        void run();
    };

    Look next_look() const { return {.path = path_, .version = version_}; }
    void take(Look& look);

    std::string path_;
    const Notice& notice_;
    std::unique_ptr<RecipientList> list_;
    std::string version_;  // of the file when it was last read
    bool told_unreadable_ = false;
    net::RegularLook<Look> looks_;
};

}  // namespace sluice::relay
