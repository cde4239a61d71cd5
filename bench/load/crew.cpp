#include "load/crew.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "load/patience.hpp"

namespace load {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

/// A client that failed tries again after this pause, so that a server that refuses is not asked in a tight
/// loop.
constexpr milliseconds rest{100};

Time::duration seconds(double value) {
    return std::chrono::duration_cast<Time::duration>(duration<double>(value));
}

}  // namespace

Crew::Crew(const ClassOptions& options, std::uint32_t number, const sockaddr_in& target, Common& common)
    : options_(options),
      number_(number),
      target_(target),
      common_(common),
      units_left_(options.units > 0 ? options.units : std::numeric_limits<std::uint64_t>::max()),
      clients_(std::make_unique<Client[]>(options.clients)),
      begun_(common.now + seconds(options.after_s)) {
    const auto add_work = [this](Script script) {
        works_.push_back(
            {.common = common_,
             .units_left = units_left_,
             .script = std::move(script),
             .tally = {},
             .recipients = options_.recipients,
             .next_recipient = options_.recipients > 0 ? common_.random() % options_.recipients : 0,
             .drop_octets = options_.drop_octets,
             .interval = milliseconds(options_.interval_ms)});
    };
    add_work(make_script(options_));
    if (options_.bounces_percent > 0) add_work(make_bounce_script(options_));
    if (options_.arrivals_per_s > 0) arrivals_.emplace(begun_, options_.arrivals_per_s, common_.random());
}

Crew::~Crew() {
    for (Client& client : std::span(clients_.get(), options_.clients)) {
        if (client.open()) client.drop();
    }
}

Time Crew::start_due() {
    if (stopped_) return Time::max();
    open_first();
    while (!resting_.empty() && resting_.front().first <= common_.now) {
        free_.push_back(resting_.front().second);
        resting_.pop_front();
    }
    Time next = resting_.empty() ? Time::max() : resting_.front().first;
    if (opened_ < options_.clients) {
        const double due_s = options_.opened_per_s > 0 ? (opened_ + 1) / options_.opened_per_s : 0;
        next = std::min(next, begun_ + seconds(due_s));
    }
    if (arrivals_) {
        take_arrivals();
        return std::min(next, arrivals_->next());
    }
    while (!free_.empty() && units_left_ > 0) {
        const std::uint32_t client = free_.front();
        free_.pop_front();
        start(client, common_.now);
    }
    return next;
}

void Crew::open_first() {
    if (opened_ == options_.clients || common_.now < begun_) return;
    unsigned due = options_.clients;
    if (options_.opened_per_s > 0) {
        const double elapsed_s = duration<double>(common_.now - begun_).count();
        due = static_cast<unsigned>(std::min<double>(due, elapsed_s * options_.opened_per_s));
    }
    while (opened_ < due)
        free_.push_back(opened_++);
}

void Crew::take_arrivals() {
    while (arrivals_ && arrivals_->next() <= common_.now)
        waiting_.push_back(arrivals_->take());
    while (!waiting_.empty() && !free_.empty() && units_left_ > 0) {
        const std::uint32_t client = free_.front();
        free_.pop_front();
        start(client, waiting_.front());
        waiting_.pop_front();
    }
}

Work& Crew::draw_work() {
    const bool bounces = works_.size() > 1 && common_.random() % 100 < options_.bounces_percent;
    return works_[bounces ? 1 : 0];
}

void Crew::start(std::uint32_t client, Time begun) {
    --units_left_;
    Work& work = draw_work();
    const int fd = connect_one();
    if (fd < 0) {
        work.tally.fail(std::string("connect: ") + strerrordesc_np(errno));
        if (options_.replaced) resting_.emplace_back(common_.now + rest, client);
        return;
    }
    const std::uint64_t token = number_ << 32 | client;
    const bool endless = options_.kind == Kind::hold;
    clients_[client].begin(fd, token, endless ? std::numeric_limits<unsigned>::max() : options_.persistent,
                           begun, work);
    if (options_.read_every_ms > 0) {
        const milliseconds interval(options_.read_every_ms);
        clients_[client].read_every(interval, interval * (common_.random() % 1000) / 1000);
    } else {
        watch(fd, token);
    }
    if (options_.kind == Kind::bot) {
        clients_[client].leave_at(common_.now + draw_patience(common_.random, options_.patience));
    }
    ++open_;
}

void Crew::watch(int fd, std::uint64_t token) const {
    std::uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    if (options_.kind == Kind::rush) events |= EPOLLOUT;
    epoll_event event{.events = events, .data = {.u64 = token}};
    if (::epoll_ctl(common_.epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        throw std::runtime_error(std::string("epoll_ctl: ") + strerrordesc_np(errno));
    }
}

int Crew::connect_one() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool connected = true;
    if (options_.sources) {
        // Leaves the choice of the port to connect(), which may share it among destinations and reuse those
        // in TIME_WAIT.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        const sockaddr_in source = options_.sources->next();
        connected = ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
    }
    connected =
        connected && (::connect(fd, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) == 0 ||
                      errno == EINPROGRESS);
    if (connected) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

void Crew::on_ready(std::uint32_t client, std::uint32_t events) {
    if (!clients_[client].open()) return;
    clients_[client].on_ready(events);
    if (!clients_[client].open()) ended(client);
}

void Crew::on_time(std::uint32_t client, Time at) {
    if (!clients_[client].open()) return;
    clients_[client].on_time(at);
    if (!clients_[client].open()) ended(client);
}

void Crew::ended(std::uint32_t client) {
    --open_;
    if (!options_.replaced) return;
    if (clients_[client].failed()) {
        resting_.emplace_back(common_.now + rest, client);
    } else {
        free_.push_back(client);
    }
}

void Crew::sweep() {
    // A silent client is expected to receive nothing.
    if (options_.silent) return;
    for (std::uint32_t client = 0; client < options_.clients; ++client) {
        if (!clients_[client].open()) continue;
        if (common_.now - clients_[client].heard() < std::chrono::seconds(options_.timeout_s)) continue;
        clients_[client].fail("timeout");
        ended(client);
    }
}

void Crew::stop() {
    stopped_ = true;
    for (std::size_t i = 0; i < waiting_.size(); ++i)
        works_.front().tally.fail("arrival: no client was free");
    waiting_.clear();
    units_left_ = 0;  // a persistent connection begins no further unit
}

bool Crew::ends_alone() const {
    switch (options_.kind) {
        case Kind::mail:
        case Kind::bounce:
        case Kind::churn:
        case Kind::peek:
        case Kind::rush: return !options_.dropped;
        default: return false;
    }
}

void Crew::end_rest() {
    for (std::uint32_t client = 0; client < options_.clients; ++client) {
        if (!clients_[client].open()) continue;
        if (ends_alone()) {
            clients_[client].fail("not finished");
        } else {
            clients_[client].drop();
        }
        --open_;
    }
}

unsigned Crew::greeted() const {
    return static_cast<unsigned>(
        std::ranges::count_if(std::span(clients_.get(), options_.clients),
                              [](const Client& client) { return client.open() && client.step() > 0; }));
}

std::vector<std::pair<std::string, const Tally*>> Crew::tallies() const {
    std::vector<std::pair<std::string, const Tally*>> named{{options_.name, &works_.front().tally}};
    if (works_.size() > 1) named.emplace_back(options_.name + "-bounces", &works_.back().tally);
    return named;
}

}  // namespace load
