#include "front/front.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <unordered_map>

#include "front/context.hpp"
#include "front/session.hpp"
#include "front/session_walk.hpp"
#include "net/socket.hpp"

namespace sluice::front {

namespace {

/// The most connections taken from one listener in one turn of the loop, so that a flood of new ones leaves
/// time for the sessions there are.
constexpr unsigned accepts_per_turn_max = 16;

/// The pause after accept(2) has failed for want of descriptors or memory.
constexpr Millis accept_pause{100};

}  // namespace

class Front::Impl final : public Context, private net::Timer {
  public:
    Impl(const Surroundings& around, const FrontOptions& front_options);
    ~Impl();

    void serve(int listener, Wrapping wrapping);
    void take_queue(int listener, Wrapping wrapping);
    void join_again();
    void list(std::function<void(const HeldSessions& held)> listed);
    void acts_changed();
    void retire(std::function<void()> ended);
    void drain(std::function<void()> drained);
    unsigned sessions() const override { return sessions_; }

  private:
    class Listener final : public net::IoHandler {
      public:
        Listener(Impl& front, int fd, Wrapping wrapping) : front_(front), fd_(fd), wrapping_(wrapping) {}
        void on_io(std::uint32_t) override { front_.accept_from(*this); }
        int fd() const { return fd_; }
        Wrapping wrapping() const { return wrapping_; }

        unsigned expected = 1;  // connections waiting, judged by the last turn

      private:
        Impl& front_;
        int fd_;
        Wrapping wrapping_;
    };

    void ended(Session& session) override;
    bool has_room_for(const IpAddress& client) override;
    void memory_changed() override;
    void on_timer() override;

    void accept_from(Listener& listener);
    void take(net::Accepted accepted, Wrapping wrapping);
    void pause_accepting(AcceptPause why);
    void resume_accepting();
    void stop_accepting();
    void abandon_all();

    std::vector<std::unique_ptr<Listener>> listeners_;
    bool accepting_ = true;
    bool retiring_ = false;     // or draining: no connection is accepted any more
    Session* first_ = nullptr;  // the youngest
    Session* last_ = nullptr;
    unsigned sessions_ = 0;
    std::uint32_t next_number_ = 1;
    std::unordered_map<IpAddress, unsigned> per_client_;  // only where sessions_per_client_max is set
    std::function<void()> drained_;
    HeldSessions held_;  // the list that is being made
    SessionWalk lists_{loop()};
    SessionWalk obeys_{loop()};
    bool obey_again_ = false;  // the acts have changed during obeys_
};

Front::Impl::Impl(const Surroundings& around, const FrontOptions& front_options)
    : Context(around, front_options) {
    const auto started = std::chrono::system_clock::now().time_since_epoch();
    instance = fmt::format("{:x}-{:x}", std::chrono::duration_cast<Seconds>(started).count(), ::getpid());
}

Front::Impl::~Impl() {
    while (first_ != nullptr) {
        Session* session = first_;
        first_ = session->next;
        delete session;
    }
}

void Front::Impl::serve(int listener, Wrapping wrapping) {
    listeners_.push_back(std::make_unique<Listener>(*this, listener, wrapping));
    if (!loop().watch(listener, *listeners_.back(), EPOLLIN)) pause_accepting(AcceptPause::descriptors);
}

/// Accepts as many connections as the last turn makes likely, which saves the accept(2) that would only say
/// "no more". The listener is level-triggered, so epoll reports again what is left.
void Front::Impl::accept_from(Listener& listener) {
    unsigned taken = 0;
    for (; taken < listener.expected && accepting_; ++taken) {
        if (memory.tight()) return pause_accepting(AcceptPause::memory);
        if (sessions_ >= options.sessions_max) return pause_accepting(AcceptPause::sessions);
        auto accepted = net::accept_tcp(listener.fd());
        if (!accepted.fd) {
            // No descriptors or no memory: the connection stays in the queue, and to try again at once would
            // be a busy loop.
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(AcceptPause::descriptors);
            break;
        }
        take(std::move(accepted), listener.wrapping());
    }
    listener.expected =
        taken == listener.expected ? std::min(2 * taken, accepts_per_turn_max) : std::max(taken, 1U);
}

void Front::Impl::take(net::Accepted accepted, Wrapping wrapping) {
    // A reload has removed the last certificate while this connection waited for implicit TLS: it is closed,
    // because its client would not understand plaintext.
    if (wrapping == Wrapping::tls && surroundings.tls == nullptr) return;
    auto* session = new Session(*this, std::move(accepted), next_number_++,
                                wrapping == Wrapping::tls);  // owned by our list until ended()
    session->next = first_;
    (first_ != nullptr ? first_->previous : last_) = session;
    first_ = session;
    ++sessions_;
    metrics().add(Metric::sessions_held);

    if (!session->begin()) session->abandon();
}

bool Front::Impl::has_room_for(const IpAddress& client) {
    if (options.sessions_per_client_max == 0) return true;
    return ++per_client_[client.counted_as()] <= options.sessions_per_client_max;
}

void Front::Impl::ended(Session& session) {
    lists_.leave_out(session);
    obeys_.leave_out(session);
    if (session.previous != nullptr) session.previous->next = session.next;
    if (session.next != nullptr) session.next->previous = session.previous;
    if (first_ == &session) first_ = session.next;
    if (last_ == &session) last_ = session.previous;
    --sessions_;
    metrics().take(Metric::sessions_held);
    if (options.sessions_per_client_max > 0 && session.counted()) {
        const auto count = per_client_.find(session.client().counted_as());
        if (--count->second == 0) per_client_.erase(count);
    }
    loop().retire(std::unique_ptr<net::IoHandler>(&session));
    if (retiring_ && sessions_ == 0 && drained_) {
        disarm();
        loop().defer(std::exchange(drained_, nullptr));
    } else if (!accepting_ && !retiring_ && !armed()) {
        resume_accepting();
    }
}

void Front::Impl::pause_accepting(AcceptPause why) {
    metrics().add(Metric::accept_pauses, why);
    accepting_ = false;
    for (const auto& listener : listeners_)
        loop().unwatch(listener->fd());
    if (sessions_ < options.sessions_max) loop().arm(*this, accept_pause);
}

void Front::Impl::memory_changed() {
    surroundings.tell(memory.tight() ? "memory_tight" : "memory_enough",
                      fmt::format("{} MiB in use, limits.memory_octets_max is {} MiB", memory.octets() >> 20U,
                                  options.memory_octets_max >> 20U));
}

void Front::Impl::resume_accepting() {
    accepting_ = true;
    for (const auto& listener : listeners_) {
        if (!loop().watch(listener->fd(), *listener, EPOLLIN))
            return pause_accepting(AcceptPause::descriptors);
    }
}

void Front::Impl::on_timer() {
    if (draining) return abandon_all();
    resume_accepting();
}

void Front::Impl::stop_accepting() {
    disarm();
    retiring_ = true;
    if (!std::exchange(accepting_, false)) return;
    for (const auto& listener : listeners_)
        loop().unwatch(listener->fd());
}

void Front::Impl::take_queue(int listener, Wrapping wrapping) {
    while (!retiring_ && sessions_ < options.sessions_max) {
        auto accepted = net::accept_tcp(listener);
        if (!accepted.fd) break;
        take(std::move(accepted), wrapping);
    }
}

void Front::Impl::join_again() {
    for (Session* session = first_; session != nullptr; session = session->next)
        session->join_again();
}

/// The walk begins with the oldest session, so the first `oldest_max` of each lane are its oldest.
void Front::Impl::list(std::function<void(const HeldSessions& held)> listed) {
    if (lists_.under_way()) return;
    held_ = {};
    lists_.begin(
        last_, sessions_,
        [this](const Session& session) {
            const HeldSession one = session.as_held();
            LaneTotal& total = held_.of(one.lane);
            total.octets_in += one.octets_in;
            total.octets_out += one.octets_out;
            if (++total.sessions <= HeldSessions::oldest_max) held_.oldest.push_back(one);
            return SessionWalk::look;
        },
        [this, listed = std::move(listed)] {
            held_.memory_octets = memory.octets();
            held_.workers = 1;
            listed(held_);
        });
}

void Front::Impl::acts_changed() {
    obey_again_ = obeys_.under_way();
    if (obey_again_) return;
    obeys_.begin(
        last_, sessions_,
        [](Session& session) { return session.obey() ? SessionWalk::move : SessionWalk::look; },
        [this] {
            if (std::exchange(obey_again_, false)) acts_changed();
        });
}

void Front::Impl::retire(std::function<void()> ended) {
    if (retiring_) return;
    stop_accepting();
    drained_ = std::move(ended);
    if (sessions_ == 0) loop().defer(std::exchange(drained_, nullptr));
}

void Front::Impl::drain(std::function<void()> drained) {
    if (draining) return;
    stop_accepting();
    draining = true;
    drained_ = std::move(drained);
    if (sessions_ == 0) return loop().defer(std::exchange(drained_, nullptr));
    loop().arm(*this, options.drain_max);
    for (Session* session = first_; session != nullptr;) {
        Session* following = session->next;  // draining may end this one
        session->drain();
        session = following;
    }
}

void Front::Impl::abandon_all() {
    while (first_ != nullptr)
        first_->abandon();
}

Front::Front(const Surroundings& surroundings, const FrontOptions& options)
    : impl_(std::make_unique<Impl>(surroundings, options)) {}
Front::~Front() = default;
void Front::serve(int listener, Wrapping wrapping) {
    impl_->serve(listener, wrapping);
}
void Front::take_queue(int listener, Wrapping wrapping) {
    impl_->take_queue(listener, wrapping);
}
void Front::join_again() {
    impl_->join_again();
}
void Front::list(std::function<void(const HeldSessions& held)> listed) {
    impl_->list(std::move(listed));
}
void Front::acts_changed() {
    impl_->acts_changed();
}
void Front::retire(std::function<void()> ended) {
    impl_->retire(std::move(ended));
}
void Front::drain(std::function<void()> drained) {
    impl_->drain(std::move(drained));
}
unsigned Front::sessions() const {
    return impl_->sessions();
}

}  // namespace sluice::front
