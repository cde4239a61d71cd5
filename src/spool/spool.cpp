#include "spool/spool.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "net/fd.hpp"
#include "net/unlinked_file.hpp"

namespace sluice::spool {
namespace {

// An ordinary mail needs one allocation; a client that drips its mail grows the buffer step by step.
constexpr std::size_t first_reserve = std::size_t{8} * 1024;
constexpr std::size_t drip_octets = 512;

}  // namespace

/// While a write is in progress (`busy`), `writing`, `file` and `write_failed` belong to the thread;
/// everything else, and these at other times, belongs to the loop.
struct Spool::State {
    std::string
        buffer;  // all of the message until it is outgrown, then what is still to be handed to the thread
    std::uint64_t octets = 0;
    bool spilled = false;
    bool busy = false;
    bool finished = false;
    bool failed = false;
    std::move_only_function<void()> settled;

    std::string writing;
    net::Fd file;
    bool write_failed = false;

    void write(const std::string& directory) {
        if (!file) file = net::open_unlinked(directory);
        write_failed = !file || !net::write_all(file.get(), writing);
    }
};

Spool::Spool(net::Offload& offload, const SpoolOptions& options, SpoolMemory* shared)
    : state_(std::make_shared<State>()), offload_(&offload), options_(&options), shared_(shared) {}

Spool::~Spool() {
    state_->settled = nullptr;  // it belongs to the loop, but the state may end on the thread
    // Closing the last descriptor of a large unlinked file frees its blocks, which takes disk time. The
    // closing is queued behind any write, so that it destroys the state. If it is refused, the loop closes
    // the file itself.
    if (state_->spilled) std::ignore = offload_->submit([state = std::move(state_)] {}, nullptr);
}

void Spool::append(std::string_view octets) {
    State& state = *state_;
    assert(!state.finished);
    state.octets += octets.size();
    if (state.failed) return;
    octets = share(octets);
    if (octets.empty()) return;
    if (octets.size() >= drip_octets && state.buffer.capacity() < first_reserve)
        state.buffer.reserve(std::max(first_reserve, octets.size()));
    state.buffer.append(octets);
    if (state.buffer.size() > options_->memory_octets_max) spill(state_, *offload_, *options_);
}

/// Puts what exceeds the message's own memory into the shared memory, as far as there is some. Returns the
/// rest.
std::string_view Spool::share(std::string_view octets) {
    auto& own = state_->buffer;
    const bool first = chunks_.empty();
    if (shared_ == nullptr || (first && own.size() + octets.size() <= options_->memory_octets_max))
        return octets;
    octets = chunks_.append(*shared_, octets);
    if (first && !chunks_.empty()) head_.swap(own);
    if (!octets.empty()) shared_ = nullptr;
    return octets;
}

void Spool::spill(const std::shared_ptr<State>& state, net::Offload& offload, const SpoolOptions& options) {
    if (state->busy) return;
    state->spilled = true;
    state->writing.clear();
    state->writing.swap(state->buffer);
    state->busy = offload.submit([state, &options] { state->write(options.directory); },
                                 [weak = std::weak_ptr(state), &offload, &options] {
                                     if (auto then = written(weak.lock(), offload, options)) then();
                                 });
    if (!state->busy) fail(*state);  // thousands of messages are waiting for the disk already
}

/// Called on the loop after a write. Returns the callback to run once nothing waits for the disk. The state
/// is released before that runs, because it may destroy the spool.
std::move_only_function<void()> Spool::written(const std::shared_ptr<State>& state, net::Offload& offload,
                                               const SpoolOptions& options) {
    if (!state) return nullptr;
    state->busy = false;
    if (state->write_failed) fail(*state);
    if (state->buffer.size() > (state->finished ? 0 : options.memory_octets_max))
        spill(state, offload, options);
    if (state->busy) return nullptr;
    if (state->finished) std::string().swap(state->writing);
    return std::exchange(state->settled, nullptr);
}

void Spool::fail(State& state) {
    state.failed = true;
    std::string().swap(state.buffer);
    std::string().swap(state.writing);
}

bool Spool::full() const {
    return state_->busy && state_->buffer.size() > options_->memory_octets_max;
}

bool Spool::busy() const {
    return state_->busy;
}

void Spool::on_settled(std::move_only_function<void()> then) {
    assert(state_->busy && !state_->settled);
    state_->settled = std::move(then);
}

void Spool::finish() {
    state_->finished = true;
    const bool all_in_buffer = !state_->spilled && chunks_.empty();
    if (!all_in_buffer && !state_->buffer.empty()) spill(state_, *offload_, *options_);
}

bool Spool::failed() const {
    return state_->failed;
}

std::uint64_t Spool::octets() const {
    return state_->octets;
}

smtp::MessageView Spool::view() const {
    const State& state = *state_;
    assert(state.finished && !state.busy && !state.failed);
    if (!state.spilled && chunks_.empty()) return {.memory = state.buffer};
    smtp::MessageView view{.memory = head_, .chunks = chunks_.parts()};
    if (state.spilled) {
        view.fd = state.file.get();
        view.file_octets = state.octets - head_.size() - chunks_.octets();
    }
    return view;
}

}  // namespace sluice::spool
