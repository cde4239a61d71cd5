// The store process's side of the conversation with workers and operators' commands: it takes their
// questions, keeps the live counts, and asks the backing for everything else.
//
// A peer that has connected is trusted to be a process of this Sluice, and no more: frames are bounded; a
// worker is refused what it may not touch (the operator's acts, the list of everything); and a peer that
// sends a malformed frame or reads no answers is disconnected.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/fd.hpp"
#include "net/local_socket.hpp"
#include "net/loop.hpp"
#include "store/backing.hpp"
#include "store/live_counts.hpp"
#include "store/message.hpp"

namespace sluice::store {

class Keeper final : net::IoHandler, net::Timer {
  public:
    struct Options {
        uid_t operator_user = 0;           // besides root
        uid_t workers_user = 0;            // may be the same: then workers and operator are not told apart
        std::size_t live_max = 1'000'000;  // the most keys with live counts
        Millis acts_every{500};            // how often to look whether an act has ended
        bool keeps_acts = true;            // acts are kept even when the backing fails
    };
    /// An operator's act, for the log: "act" or "act_ended", the network, and the text of the act.
    using Acted = std::function<void(std::string_view what, std::string_view network, std::string_view act)>;

    /// An operator's command has ended: the number of records that it changed, at least one.
    using Changed = std::function<void(uid_t user, std::string_view command, std::size_t changes)>;

    /// `listener` is a listening stream socket; the keeper does not close it. Throws std::runtime_error.
    Keeper(
        net::Loop& loop, int listener, Backing& backing, const Options& options, Acted acted,
        Changed changed = [](uid_t, std::string_view, std::size_t) {});
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper() override;

    std::size_t visitors() const { return visitors_.size(); }
    /// Accepts no new connection, and asks all visitors to go over to the next process that listens there.
    /// Each leaves when it has read its outstanding answers here.
    void make_room();
    /// To be called when acts were changed by another way than through this keeper.
    void acts_have_changed() { on_timer(); }

  private:
    class Visitor;

    void on_io(std::uint32_t events) override;
    void on_timer() override;
    void look_at_acts(std::string after, std::shared_ptr<std::map<std::string, std::string>> found);
    void compare_acts(std::map<std::string, std::string> found);
    bool may(const Operation& operation, bool is_operator) const;
    void gone(std::uint64_t visitor);

    net::Loop& loop_;
    int listener_;
    Backing& backing_;
    const Options options_;
    Acted acted_;
    Changed changed_;
    LiveCounts live_;
    std::map<std::uint64_t, std::unique_ptr<Visitor>> visitors_;
    std::uint64_t next_visitor_ = 1;
    std::map<std::string, std::string> acts_;  // as of the last look
    bool acts_known_ = false;
    bool looking_at_acts_ = false;
    std::uint64_t acts_version_;
};

}  // namespace sluice::store
