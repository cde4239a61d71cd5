// The place of a message between the client's dot and the MTA's 250: in its own memory up to a limit, then in
// memory that all messages of the worker share while that lasts, then in an unlinked temporary file that
// vanishes with the process. File writes happen on the Offload thread, never in the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/offload.hpp"
#include "smtp/backend.hpp"
#include "spool/spool_memory.hpp"

namespace sluice::spool {

struct SpoolOptions {
    std::uint64_t memory_octets_max = 65'536;                   // for each message alone
    std::uint64_t shared_octets_max = std::uint64_t{64} << 20;  // SpoolMemory of a worker
    std::string directory = "/tmp";                             // for the unlinked files
};

/// One message. Append while full() is false; after finish() and once settled, view() is what was appended,
/// byte for byte. For a message that goes to the file, memory holds at most twice `memory_octets_max`, and
/// what one append() exceeded it by; and, if it began in shared memory, its part there and its first
/// `memory_octets_max`.
class Spool {
  public:
    /// `shared` may be null: then there is only the message's own memory, and the file. All must outlive
    /// this, and `options` must also outlive the Offload's thread.
    Spool(net::Offload& offload, const SpoolOptions& options, SpoolMemory* shared);
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    /// May be destroyed at any time, even during a write, and from the callback of on_settled.
    ~Spool();

    void append(std::string_view octets);

    /// Enough octets wait for the disk: stop reading the client until the callback of on_settled runs.
    bool full() const;
    /// A write is in progress or waiting.
    bool busy() const;
    /// Runs `then` on the loop once nothing waits for the disk any more. Only while busy(), and at most one
    /// callback at a time.
    void on_settled(std::move_only_function<void()> then);
    /// Writes what remains; nothing may be appended afterwards. Follow with on_settled when busy().
    void finish();
    /// The disk failed (full, quota, hopelessly behind): the message cannot be kept and must be refused with
    /// 452 4.3.1. Octets appended from then on are counted and dropped.
    bool failed() const;

    /// The number of octets appended so far.
    std::uint64_t octets() const;
    /// Valid only after finish(), when neither busy() nor failed(), and only as long as the spool.
    smtp::MessageView view() const;

  private:
    struct State;  // shared with the thread, so that it can outlive this object

    std::string_view share(std::string_view octets);
    static void spill(const std::shared_ptr<State>& state, net::Offload& offload,
                      const SpoolOptions& options);
    static std::move_only_function<void()> written(const std::shared_ptr<State>& state, net::Offload& offload,
                                                   const SpoolOptions& options);
    static void fail(State& state);

    std::shared_ptr<State> state_;
    net::Offload* offload_;
    const SpoolOptions* options_;
    SpoolMemory* shared_;  // null once it has run out: the rest goes to the file
    std::string head_;     // the content of the own memory when the first chunk was taken
    SpoolChunks chunks_;
};

}  // namespace sluice::spool
