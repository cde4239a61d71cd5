#include "load/crew.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::string_view name(Mode mode) {
    switch (mode) {
        case Mode::mail: return "mail";
        case Mode::bounce: return "bounce";
        case Mode::churn: return "churn";
        case Mode::hold: return "hold";
    }
    std::unreachable();
}

}  // namespace

Crew::Crew(const Options& options)
    : options_(options),
      shared_{.script = make_script(options),
              .tally = {},
              .units_left =
                  options.mode == Mode::hold ? std::numeric_limits<std::uint64_t>::max() : options.units,
              .random = std::mt19937_64(options.seed),
              .epoll = ::epoll_create1(EPOLL_CLOEXEC),
              .now = steady_clock::now()},
      clients_(std::make_unique<Client[]>(options.clients)),
      swept_(shared_.now) {
    if (shared_.epoll < 0) throw std::runtime_error(strerrordesc_np(errno));
}

Crew::~Crew() {
    for (Client& client : std::span(clients_.get(), options_.clients)) {
        if (client.open()) client.drop();
    }
    ::close(shared_.epoll);
}

int Crew::run() {
    const Time begun = steady_clock::now();
    if (options_.mode == Mode::hold) {
        run_hold();
    } else {
        run_units();
    }
    fmt::print("{}", shared_.tally.json(name(options_.mode), steady_clock::now() - begun));
    return shared_.tally.failed() == 0 ? 0 : 1;
}

void Crew::run_units() {
    for (Client& client : std::span(clients_.get(), options_.clients)) {
        if (!start(client)) break;
    }
    while (open_ > 0)
        turn(500, true);
}

void Crew::run_hold() {
    const Time begun = steady_clock::now();
    unsigned opened = 0;
    for (unsigned second = 1; second <= options_.seconds && !stopped_; ++second) {
        const Time end = begun + seconds(second);
        while (!stopped_ && steady_clock::now() < end) {
            open_due(begun, opened);
            turn(opened < options_.clients ? 5 : 50, false);
        }
        report_second(second);
    }
}

void Crew::open_due(Time begun, unsigned& opened) {
    const double elapsed = std::chrono::duration<double>(steady_clock::now() - begun).count();
    const double due = std::min<double>(options_.clients, elapsed * options_.opened_per_s);
    while (opened < static_cast<unsigned>(due))
        start(clients_[opened++]);
}

void Crew::report_second(unsigned second) {
    unsigned greeted = 0;
    for (const Client& client : std::span(clients_.get(), options_.clients)) {
        greeted += client.open() && client.step() > 0 ? 1 : 0;
    }
    const Tally& tally = shared_.tally;
    fmt::print(R"({{"second":{},"open":{},"greeted":{},"octets_read":{},"replies":{},"failed":{}}})"
               "\n",
               second, open_, greeted, tally.octets_read, tally.replies, tally.failed());
    (void)std::fflush(stdout);
}

void Crew::turn(int wait_ms, bool replace) {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(shared_.epoll, events.data(), events.size(), wait_ms);
    shared_.now = steady_clock::now();
    for (int i = 0; i < count; ++i) {
        Client& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
        client.on_ready(events[static_cast<std::size_t>(i)].events, shared_);
        if (client.open()) continue;
        --open_;
        if (replace) start(client);
    }
    if (shared_.now - swept_ > milliseconds(500)) sweep();
}

bool Crew::start(Client& client) {
    while (shared_.units_left > 0) {
        --shared_.units_left;
        const int fd = connect_one();
        if (fd < 0) {
            shared_.tally.fail(std::string("connect: ") + strerrordesc_np(errno));
            continue;
        }
        epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = &client}};
        if (::epoll_ctl(shared_.epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            throw std::runtime_error(std::string("epoll_ctl: ") + strerrordesc_np(errno));
        }
        const bool hold = options_.mode == Mode::hold;
        client.begin(fd, hold ? std::numeric_limits<unsigned>::max() : options_.persistent, shared_);
        ++open_;
        return true;
    }
    return false;
}

int Crew::connect_one() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool connected = true;
    if (options_.sources) {
        // Leaves the port to connect(), which may share it among destinations and reuse those in TIME_WAIT.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        const sockaddr_in source = options_.sources->next();
        connected = ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
    }
    connected = connected && (::connect(fd, reinterpret_cast<const sockaddr*>(&options_.target),
                                        sizeof options_.target) == 0 ||
                              errno == EINPROGRESS);
    if (connected) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

void Crew::sweep() {
    swept_ = shared_.now;
    // A silent client is meant to hear nothing.
    if (options_.mode == Mode::hold && options_.silent) return;
    for (Client& client : std::span(clients_.get(), options_.clients)) {
        if (!client.open() || shared_.now - client.heard() < seconds(options_.timeout_s)) continue;
        client.fail("timeout", shared_);
        --open_;
        if (options_.mode != Mode::hold) start(client);
    }
}

}  // namespace load
