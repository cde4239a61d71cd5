// Where a message waits between the client's dot and the MTA's 250: in memory of its own up to a limit, then
// in memory that all messages of the worker share while that lasts, then in an unlinked temporary file that
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
    std::uint64_t memory_octets_max = 65'536;                   // what each message has for itself
    std::uint64_t shared_octets_max = std::uint64_t{64} << 20;  // a worker's SpoolMemory
    std::string directory = "/tmp";                             // where the unlinked files live
};

/// One message. Append while full() is false; after finish() and once settled, view() is what was appended,
/// byte for byte. Of a message that goes to the file at most twice `memory_octets_max`, and what one append()
/// went beyond it, are in memory; and, if it began in shared memory, what it has there and its first
/// `memory_octets_max`.
class Spool {
  public:
    /// `shared` may be null: nothing but memory of its own, then the file. All must outlive this, and
    /// `options` the Offload's thread as well.
    Spool(net::Offload& offload, const SpoolOptions& options, SpoolMemory* shared);
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    /// May be destroyed at any time, also with a write under way, and from the callback of on_settled.
    ~Spool();

    void append(std::string_view octets);

    /// Enough is waiting for the disk: stop reading the client until the callback of on_settled runs.
    bool full() const;
    /// A write is under way or waiting.
    bool busy() const;
    /// Runs `then` on the loop once nothing is waiting for the disk any more. Only while busy(), and at most
    /// one callback at a time.
    void on_settled(std::move_only_function<void()> then);
    /// Writes out what remains; nothing is appended after it. Follow with on_settled when busy().
    void finish();
    /// The disk failed (full, quota, hopelessly behind): the message cannot be kept and must be refused with
    /// 452 4.3.1. What is appended from then on is counted and dropped.
    bool failed() const;

    /// What was appended so far.
    std::uint64_t octets() const;
    /// Only after finish(), when neither busy() nor failed(). Valid as long as the spool.
    smtp::MessageView view() const;

  private:
    struct State;  // shared with the thread, so that it outlives us when it must

    std::string_view share(std::string_view octets);
    static void spill(const std::shared_ptr<State>& state, net::Offload& offload,
                      const SpoolOptions& options);
    static std::move_only_function<void()> written(const std::shared_ptr<State>& state, net::Offload& offload,
                                                   const SpoolOptions& options);
    static void fail(State& state);

    std::shared_ptr<State> state_;
    net::Offload* offload_;
    const SpoolOptions* options_;
    SpoolMemory* shared_;  // null once it has run dry: what follows goes to the file
    std::string head_;     // what was in memory of its own when the first chunk was taken
    SpoolChunks chunks_;
};

}  // namespace sluice::spool
