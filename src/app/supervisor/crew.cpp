#include "app/supervisor/crew.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "app/supervisor/seat.hpp"

namespace sluice::app {

Crew::Crew(net::Loop& loop, MetricPages& pages, std::shared_ptr<const Generation> generation,
           Listeners listeners, std::function<void()> changed)
    : loop_(loop),
      generation_(std::move(generation)),
      listeners_(std::move(listeners)),
      changed_(std::move(changed)),
      events_(events_of(*generation_)) {
    for (unsigned index = 0; index < generation_->workers(); ++index)
        seats_.push_back(std::make_unique<Seat>(*this, index, pages.take()));
}

Crew::~Crew() = default;

void Crew::start() {
    for (const auto& seat : seats_)
        seat->start();
}

bool Crew::ready() const {
    return std::ranges::all_of(seats_, [](const auto& seat) { return seat->has_served(); });
}

bool Crew::empty() const {
    return std::ranges::all_of(seats_, [](const auto& seat) { return seat->pid() == 0; });
}

bool Crew::has(pid_t pid) const {
    return pid > 0 && std::ranges::any_of(seats_, [&](const auto& seat) { return seat->pid() == pid; });
}

bool Crew::healthy() const {
    return std::ranges::all_of(seats_, [](const auto& seat) { return seat->healthy(); });
}

bool Crew::died(pid_t pid, int status) {
    const auto seat = std::ranges::find(seats_, pid, [](const auto& each) { return each->pid(); });
    if (seat == seats_.end()) return false;
    was_ready_ = was_ready_ || ready();
    (*seat)->died(status);
    changed_();
    return true;
}

void Crew::look() {
    for (const auto& seat : seats_)
        seat->look();
    if (leaving_ && loop_.now() >= deadline_ && !empty()) {
        events_.event("workers_killed", {{"generation", std::int64_t{generation_->number}}});
        kill();
    }
}

void Crew::reopen_log() {
    const LogFile& log = *generation_->log_file;
    if (!log.is_file()) return;
    if (!log.reopen()) return events_.event("log_not_reopened", {});
    for (const auto& seat : seats_)
        if (seat->pid() > 0 && !seat->order(Order::take_log, log.fd()))
            events_.event("log_not_reopened", {{"pid", std::int64_t{seat->pid()}}});
}

unsigned Crew::list_sessions(const Listed& listed) {
    unsigned asked = 0;
    for (const auto& seat : seats_) {
        if (seat->pid() == 0) continue;
        ++asked;
        seat->list_sessions(listed);
    }
    return asked;
}

void Crew::take_queue(unsigned number, const ListeningSocket& socket) {
    const Order order = take_queue_order(socket->wrapping);
    for (std::size_t tries = 0; tries < seats_.size(); ++tries)
        if (seats_[(number + tries) % seats_.size()]->order(order, socket->fd.get())) return;
}

void Crew::retire(Instant deadline) {
    leave_seats(deadline);
    for (const auto& seat : seats_)
        if (!seat->order(Order::retire)) seat->signal(SIGTERM);
}

void Crew::drain(Instant deadline) {
    leave_seats(deadline);
    for (const auto& seat : seats_)
        seat->signal(SIGTERM);
}

void Crew::kill() {
    for (const auto& seat : seats_)
        seat->signal(SIGKILL);
}

void Crew::leave_seats(Instant deadline) {
    leaving_ = true;
    deadline_ = deadline;
    listeners_ = Listeners();
    for (const auto& seat : seats_)
        seat->close();
    changed_();
}

}  // namespace sluice::app
