#include "store/client.hpp"

#include <sys/socket.h>
#include <system_error>

#include <algorithm>
#include <array>
#include <utility>

#include "net/socket.hpp"
#include "store/message.hpp"

namespace sluice::store {

namespace {

constexpr Millis connect_again_after{250};
constexpr Millis probe_every{1000};
constexpr std::uint32_t probe_number = 1;  // belongs to no question
constexpr std::size_t gathered_octets_max = 32'768;
/// The time for a change of store processes: the old one has to write down what it knows, the new one to
/// start.
constexpr Seconds change_time_max{10};

}  // namespace

/// The connection to a store process that makes room: questions sent there are still answered there.
class StateClient::Leaving final : public net::IoHandler {
  public:
    Leaving(StateClient& client, net::Fd socket, std::string unsent, std::string received)
        : client_(client),
          socket_(std::move(socket)),
          unsent_(std::move(unsent)),
          received_(std::move(received)) {}
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
    ~Leaving() override { end(); }

    /// A new watch reports everything that is ready already.
    bool watch() { return client_.loop_.watch(socket_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLET); }
    void end() {
        if (!socket_) return;
        client_.loop_.unwatch(socket_.get());
        socket_.reset();
    }

  private:
    void on_io(std::uint32_t events) override {
        if (socket_ && (events & EPOLLOUT) != 0) send();
        if (socket_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
    }
    /// Sends what is left, then the end: the process answers what it has, and ends the connection.
    void send() {
        const auto sent =
            unsent_.empty() ? 0 : net::write_some(socket_.get(), unsent_.data(), unsent_.size());
        if (sent == net::io_failed) return client_.has_left();
        if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
        if (unsent_.empty()) ::shutdown(socket_.get(), SHUT_WR);
    }
    void receive() {
        std::array<char, 65'536> buffer;
        while (socket_) {
            const auto got = net::read_some(socket_.get(), buffer.data(), buffer.size());
            if (got == net::io_would_block) return;
            if (got <= 0) return client_.has_left();
            received_.append(buffer.data(), static_cast<std::size_t>(got));
            if (!client_.take_responses(received_)) return client_.has_left();
        }
    }

    StateClient& client_;
    net::Fd socket_;
    std::string unsent_;
    std::string received_;
};

StateClient::StateClient(net::Loop& loop, const Options& options, Listener listener)
    : loop_(loop), options_(options), listener_(std::move(listener)) {
    connect();
}

StateClient::~StateClient() {
    for (const Wait& wait : waits_)
        if (wait.question != nullptr) drop(*wait.question);
    if (!socket_) return;
    if (room_) (void)net::write_some(socket_.get(), unsent_.data(), unsent_.size());
    loop_.unwatch(socket_.get());
}

void StateClient::connect() {
    auto socket = net::connect_to({.tcp = {}, .path = options_.path});
    if (!socket || !loop_.watch(socket->get(), *this, EPOLLIN | EPOLLOUT | EPOLLET)) {
        // During a change, no listener means that there is to be no memory any more.
        if (changing_) quiet_until_ = Instant::max();
        notice(Trouble::down, socket ? "no descriptor can be watched" : socket.error().message());
        connect_at_ = loop_.now() + connect_again_after;
        return arm_timer();
    }
    socket_ = *std::move(socket);
    room_ = true;
    if (changing_) quiet_until_ = std::min(quiet_until_, loop_.now() + change_time_max);
    // An empty query tells us when the process is there: a connection only waits to be accepted.
    append_query(unsent_, probe_number, {});
    send_later();
    listener_.hold_again();
    listener_.acts_changed();  // they may have changed while no process listened
}

void StateClient::lose(std::string_view why) {
    loop_.unwatch(socket_.get());
    socket_.reset();
    unsent_.clear();
    send_by_.reset();
    sent_away_ = false;
    received_.clear();
    notice(Trouble::down, why);
    answer_all_with_nothing();
    connect_at_ = loop_.now() + connect_again_after;
    arm_timer();
}

bool StateClient::worth_asking() const {
    if (!up() || unsent_.size() > options_.unsent_octets_max) return false;
    return trouble_ != Trouble::slow || loop_.now() - probed_at_ >= probe_every;
}

void StateClient::ask(Question& question, std::span<const Operation> operations) {
    options_.metrics.add(Metric::store_questions);
    take(question);
    if (worth_asking()) {
        probed_at_ = loop_.now();
        waits_.push_back(
            {.question = &question, .number = next_number_, .deadline = loop_.now() + options_.deadline});
        append_query(unsent_, next_number_, operations);
        if (++next_number_ == 0) next_number_ = probe_number + 1;
        send_later();
    } else {
        // A question that gets no answer is still sent as news.
        tell(operations);
        waits_.push_front({.question = &question, .number = 0, .deadline = loop_.now()});
    }
    arm_timer();
}

void StateClient::tell(std::span<const Operation> operations) {
    if (!up() || unsent_.size() > options_.unsent_octets_max) return;
    append_query(unsent_, 0, operations);
    send_soon();
}

void StateClient::withdrawn(Question& question) {
    remove(*std::ranges::find(waits_, &question, &Wait::question));
}

/// The question with this number, if it still waits for an answer; else null.
StateClient::Wait* StateClient::find(std::uint32_t number) {
    if (number == 0) return nullptr;
    const auto wait = std::ranges::find_if(
        waits_, [=](const Wait& each) { return each.number == number && each.question != nullptr; });
    return wait == waits_.end() ? nullptr : &*wait;
}

void StateClient::remove(Wait& wait) {
    wait.question = nullptr;
    while (!waits_.empty() && waits_.front().question == nullptr)
        waits_.pop_front();
}

void StateClient::answer(Wait& wait, const Outcomes* outcomes) {
    if (outcomes == nullptr) {
        ++unanswered_;
        options_.metrics.add(Metric::store_unanswered);
    }
    Question& question = *wait.question;
    remove(wait);
    State::answer(question, outcomes);
}

/// Done by the timer, not now: the caller may be in the middle of anything.
void StateClient::answer_all_with_nothing() {
    for (Wait& wait : waits_)
        wait = {.question = wait.question, .number = 0, .deadline = loop_.now()};
}

void StateClient::send_later() {
    if (std::exchange(sending_, true)) return;
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        sending_ = false;
        send();
    });
}

void StateClient::send_soon() {
    if (options_.gather == Millis{0} || unsent_.size() >= gathered_octets_max) return send_later();
    if (sending_ || send_by_) return;
    send_by_ = loop_.now() + options_.gather;
    arm_timer();
}

void StateClient::send() {
    send_by_.reset();
    if (!up() || !room_ || unsent_.empty()) return;
    const auto sent = net::write_some(socket_.get(), unsent_.data(), unsent_.size());
    if (sent == net::io_failed) return lose(std::generic_category().message(errno));
    if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
    room_ = unsent_.empty();  // otherwise EPOLLOUT comes
}

void StateClient::on_io(std::uint32_t events) {
    if (!up()) return;
    if ((events & EPOLLOUT) != 0) {
        room_ = true;
        send();
    }
    if (up() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
}

void StateClient::receive() {
    std::array<char, 65'536> buffer;
    while (up()) {
        const auto got = net::read_some(socket_.get(), buffer.data(), buffer.size());
        if (got == net::io_would_block) return;
        if (got <= 0) return lose("the store process has gone");
        received_.append(buffer.data(), static_cast<std::size_t>(got));
        if (!take_responses(received_)) return lose("the store process speaks another language");
        if (std::exchange(sent_away_, false)) return go_over();
        if (static_cast<std::size_t>(got) < buffer.size()) return;  // that was all (epoll(7), Q9)
    }
}

/// Connects at once: the process that listens there now is the next, or will be when this one has ended.
void StateClient::go_over() {
    loop_.unwatch(socket_.get());
    has_left();  // an earlier process that takes long to leave
    leaving_ = std::make_unique<Leaving>(*this, std::move(socket_), std::exchange(unsent_, {}),
                                         std::exchange(received_, {}));
    send_by_.reset();
    changing_ = true;
    quiet_until_ = loop_.now() + change_time_max;
    connect();
    if (!leaving_->watch()) has_left();
}

void StateClient::has_left() {
    if (!leaving_) return;
    leaving_->end();
    loop_.retire(std::move(leaving_));
}

bool StateClient::take_responses(std::string& received_so_far) {
    // An answer may lead to the loss of the connection, and with it of the received octets.
    const std::string received = std::exchange(received_so_far, {});
    const bool is_current = &received_so_far == &received_;  // false for the process that makes room
    std::string_view input = received;
    Frame frame;
    while ((frame = take_frame(input)).status == Frame::Status::whole) {
        const auto response = decode_response(frame.body);
        if (!response) return false;
        if (response->acts != std::exchange(acts_version_, response->acts)) listener_.acts_changed();
        if (is_current && response->number == 0 && !response->done) sent_away_ = true;
        const bool wanted = response->number == probe_number || find(response->number) != nullptr;
        if (!wanted) continue;  // withdrawn, or too late
        // The process has answered, so the change is over: trouble from here on is reported.
        if (is_current && std::exchange(changing_, false)) quiet_until_ = {};
        notice(Trouble::none, "");
        Wait* const wait = find(response->number);  // anew: the listener may have asked more
        if (wait == nullptr) continue;
        refusal_ = response->why;
        answer(*wait, response->done ? &response->outcomes : nullptr);
    }
    received_so_far.insert(0, input);
    return frame.status != Frame::Status::bad;
}

void StateClient::on_timer() {
    if (!up() && loop_.now() >= connect_at_) connect();
    if (send_by_ && *send_by_ <= loop_.now()) send();
    while (!waits_.empty() && waits_.front().deadline <= loop_.now()) {
        if (up() && waits_.front().number != 0 && !changing())
            notice(Trouble::slow, "no answer within the deadline");
        answer(waits_.front(), nullptr);
    }
    tell_trouble();
    arm_timer();
}

void StateClient::arm_timer() {
    Instant next = Instant::max();
    if (!waits_.empty()) next = waits_.front().deadline;
    if (!up()) next = std::min(next, connect_at_);
    if (send_by_) next = std::min(next, *send_by_);
    if (told_ != trouble_) next = std::min(next, quiet_until_);
    if (next == Instant::max()) return disarm();
    loop_.timers().arm(*this, next);
}

void StateClient::notice(Trouble trouble, std::string_view why) {
    if (std::exchange(trouble_, trouble) == trouble) return;
    why_ = why;
    tell_trouble();
}

/// Reports trouble. Trouble during a planned change is reported only when the change takes too long.
void StateClient::tell_trouble() {
    if (told_ == trouble_ || (trouble_ != Trouble::none && loop_.now() < quiet_until_)) return;
    told_ = trouble_;
    if (told_ != Trouble::none)
        options_.metrics.add(Metric::store_troubles,
                             told_ == Trouble::slow ? StoreTrouble::slow : StoreTrouble::down);
    listener_.told(told_ == Trouble::none   ? "store_up"
                   : told_ == Trouble::slow ? "store_slow"
                                            : "store_down",
                   why_);
}

}  // namespace sluice::store
