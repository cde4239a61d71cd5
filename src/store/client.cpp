#include "store/client.hpp"

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
constexpr std::uint32_t probe_number = 1;  // of no question
constexpr std::size_t gathered_octets_max = 32'768;

}  // namespace

StateClient::StateClient(net::Loop& loop, const Options& options, Listener listener)
    : loop_(loop), options_(options), listener_(std::move(listener)) {
    connect();
}

StateClient::~StateClient() {
    if (!socket_) return;
    if (room_) (void)net::write_some(socket_.get(), unsent_.data(), unsent_.size());
    loop_.unwatch(socket_.get());
}

void StateClient::connect() {
    auto socket = net::connect_to({.tcp = {}, .path = options_.path});
    if (!socket || !loop_.watch(socket->get(), *this, EPOLLIN | EPOLLOUT | EPOLLET)) {
        notice(Trouble::down, socket ? "no descriptor can be watched" : socket.error().message());
        connect_at_ = loop_.now() + connect_again_after;
        return arm_timer();
    }
    socket_ = *std::move(socket);
    room_ = true;
    // So that we hear when it is there: to be connected is no more than to wait for it to accept us.
    append_query(unsent_, probe_number, {});
    send_later();
    listener_.hold_again();
    listener_.acts_changed();  // while nobody listened, perhaps
}

void StateClient::lose(std::string_view why) {
    loop_.unwatch(socket_.get());
    socket_.reset();
    unsent_.clear();
    send_by_.reset();
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
    question.state_ = this;
    question.number_ = next_number_;
    if (++next_number_ == 0) next_number_ = probe_number + 1;
    if (worth_asking()) {
        probed_at_ = loop_.now();
        question.deadline_ = loop_.now() + options_.deadline;
        waits_.push_back(&question);
        asked_.emplace(question.number_, &question);
        append_query(unsent_, question.number_, operations);
        send_later();
    } else {
        // It may still be told what it need not answer.
        tell(operations);
        question.deadline_ = loop_.now();
        waits_.push_front(&question);
    }
    arm_timer();
}

void StateClient::tell(std::span<const Operation> operations) {
    if (!up() || unsent_.size() > options_.unsent_octets_max) return;
    append_query(unsent_, 0, operations);
    send_soon();
}

void StateClient::withdraw(Question& question) {
    remove(question);
    question.state_ = nullptr;
}

void StateClient::remove(Question& question) {
    asked_.erase(question.number_);
    const auto place = std::ranges::find(waits_, &question);
    if (place != waits_.end()) *place = nullptr;
    while (!waits_.empty() && waits_.front() == nullptr)
        waits_.pop_front();
}

void StateClient::answer(Question& question, const Outcomes* outcomes) {
    if (outcomes == nullptr) {
        ++unanswered_;
        options_.metrics.add(Metric::store_unanswered);
    }
    remove(question);
    question.state_ = nullptr;
    question.answered(outcomes);  // may destroy it
}

/// When the timer fires, not now: this may be in the middle of anything.
void StateClient::answer_all_with_nothing() {
    asked_.clear();
    for (Question* question : waits_)
        if (question != nullptr) question->deadline_ = loop_.now();
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
    room_ = unsent_.empty();  // else EPOLLOUT comes
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
        if (!take_responses()) return lose("the store process speaks another language");
        if (static_cast<std::size_t>(got) < buffer.size()) return;  // that was all (epoll(7), Q9)
    }
}

bool StateClient::take_responses() {
    // What an answer leads to may lose the connection, and what was received with it.
    const std::string received = std::exchange(received_, {});
    std::string_view input = received;
    Frame frame;
    while ((frame = take_frame(input)).status == Frame::Status::whole) {
        const auto response = decode_response(frame.body);
        if (!response) return false;
        if (response->acts != std::exchange(acts_version_, response->acts)) listener_.acts_changed();
        const auto asked = asked_.find(response->number);
        if (response->number != probe_number && asked == asked_.end()) continue;  // withdrawn, or too late
        notice(Trouble::none, "");
        if (asked == asked_.end()) continue;
        refusal_ = response->why;
        answer(*asked->second, response->done ? &response->outcomes : nullptr);
    }
    received_.insert(0, input);
    return frame.status != Frame::Status::bad;
}

void StateClient::on_timer() {
    if (!up() && loop_.now() >= connect_at_) connect();
    if (send_by_ && *send_by_ <= loop_.now()) send();
    while (!waits_.empty() && waits_.front()->deadline_ <= loop_.now()) {
        if (up() && asked_.contains(waits_.front()->number_))
            notice(Trouble::slow, "no answer within the deadline");
        answer(*waits_.front(), nullptr);
    }
    arm_timer();
}

void StateClient::arm_timer() {
    Instant next = Instant::max();
    if (!waits_.empty()) next = waits_.front()->deadline_;
    if (!up()) next = std::min(next, connect_at_);
    if (send_by_) next = std::min(next, *send_by_);
    if (next == Instant::max()) return disarm();
    loop_.timers().arm(*this, next);
}

void StateClient::notice(Trouble trouble, std::string_view why) {
    if (std::exchange(trouble_, trouble) == trouble) return;
    if (trouble != Trouble::none)
        options_.metrics.add(Metric::store_troubles,
                             trouble == Trouble::slow ? StoreTrouble::slow : StoreTrouble::down);
    listener_.told(trouble == Trouble::none   ? "store_up"
                   : trouble == Trouble::slow ? "store_slow"
                                              : "store_down",
                   why);
}

}  // namespace sluice::store
