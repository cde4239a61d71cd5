// The store process's side of the conversation with workers and the operator's commands: it takes their
// questions, keeps the live counts, and asks the backing for everything else.
//
// Whoever has connected is trusted to be a process of this Sluice, and no more: frames are bounded, what a
// worker may not touch (the operator's acts, the list of everything) is refused it, and one that sends no
// frame or reads no answer is cut.
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
        uid_t operator_user = 0;           // beside root
        uid_t workers_user = 0;            // may be the same: then workers cannot be told from the operator
        std::size_t live_max = 1'000'000;  // keys
        Millis acts_every{500};            // how often to look whether an act has ended
        bool keeps_acts = true;            // also when the backing can do nothing
    };
    /// An act of the operator's, for the log: "act" or "act_ended", the network, and what was said of it.
    using Acted = std::function<void(std::string_view what, std::string_view network, std::string_view act)>;

    /// A command of the operator's has come to its end: how many records it has changed, at least one.
    using Changed = std::function<void(uid_t user, std::string_view command, std::size_t changes)>;

    /// `listener` is a listening stream socket, and is not closed by this. Throws std::runtime_error.
    Keeper(
        net::Loop& loop, int listener, Backing& backing, const Options& options, Acted acted,
        Changed changed = [](uid_t, std::string_view, std::size_t) {});
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper() override;

    std::size_t visitors() const { return visitors_.size(); }
    /// Takes nobody new, and asks all visitors to go over to whoever listens there next. Each leaves when it
    /// has heard what it asked here.
    void make_room();
    /// By somebody else than those who have connected here.
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
    std::map<std::string, std::string> acts_;  // as they were when last looked at
    bool acts_known_ = false;
    bool looking_at_acts_ = false;
    std::uint64_t acts_version_;
};

}  // namespace sluice::store
