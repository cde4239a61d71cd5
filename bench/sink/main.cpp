// sluice-floor: the bare epoll SMTP sink. It is the backend of every row of the bench, and, alone, the row
// without a proxy.
//
// It accepts every recipient except those that begin with "unknown" (550 5.1.1), accepts XCLIENT from every
// client, and keeps no mail. At SIGTERM it prints its counts as one JSON line.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sink/connection.hpp"

namespace {

volatile std::sig_atomic_t stopped = 0;

class Floor {
  public:
    explicit Floor(const sockaddr_in& address);
    void run();
    const sink::Counts& counts() const { return counts_; }

  private:
    void accept_one();
    void on_ready(int fd, std::uint32_t events);
    void close(int fd);

    int epoll_;
    int listener_;
    sink::Counts counts_;
    std::vector<std::unique_ptr<sink::Connection>> connections_;  // by descriptor
    std::array<char, 65536> buffer_;
    std::string replies_;
};

[[noreturn]] void give_up(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + strerrordesc_np(errno));
}

Floor::Floor(const sockaddr_in& address)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit the option, which is cheaper than a call for each.
    ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("bind");
    if (::listen(listener_, 4096) != 0) give_up("listen");
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) give_up("epoll_ctl");
}

void Floor::run() {
    std::array<epoll_event, 256> events;
    while (stopped == 0) {
        const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.fd == listener_) {
                accept_one();
            } else {
                on_ready(event.data.fd, event.events);
            }
        }
    }
}

// Accepts one connection per turn: the listener is level-triggered, and a call that finds the queue empty
// costs as much as one that does not.
void Floor::accept_one() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections_.size()) connections_.resize(index + 1);
    connections_[index] = std::make_unique<sink::Connection>();
    ++counts_.connections;
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    ::send(fd, sink::Connection::greeting.data(), sink::Connection::greeting.size(), MSG_NOSIGNAL);
}

void Floor::on_ready(int fd, std::uint32_t events) {
    sink::Connection& connection = *connections_[static_cast<std::size_t>(fd)];
    const bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    while (true) {
        const ssize_t got = ::recv(fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) break;
        const auto octets = static_cast<std::size_t>(got);
        replies_.clear();
        const bool goes_on = connection.take({buffer_.data(), octets}, replies_, counts_);
        // Replies are small and the client waits for them: a full send buffer would mean a faulty client.
        if (!replies_.empty() && ::send(fd, replies_.data(), replies_.size(), MSG_NOSIGNAL) !=
                                     static_cast<ssize_t>(replies_.size())) {
            break;
        }
        if (!goes_on) break;
        if (octets < buffer_.size() && !to_the_end) return;
    }
    close(fd);
}

void Floor::close(int fd) {
    connections_[static_cast<std::size_t>(fd)].reset();
    ::close(fd);
}

sockaddr_in parse_address(const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const auto colon = text.rfind(':');
    if (colon == std::string::npos ||
        inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
        throw std::runtime_error("not IPV4:PORT: " + text);
    }
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1))));
    return address;
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App app{"sluice-floor: an SMTP sink that does the least a server can do."};
    std::string listen;
    app.add_option("--listen", listen, "IPV4:PORT")->required();
    CLI11_PARSE(app, argc, argv);

    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sigaction action{};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);

    Floor floor(parse_address(listen));
    floor.run();
    const sink::Counts& counts = floor.counts();
    fmt::print(R"({{"connections":{},"mails":{},"octets":{},"recipients":{},"refused":{},"xclients":{}}})"
               "\n",
               counts.connections, counts.mails, counts.octets, counts.recipients, counts.refused,
               counts.xclients);
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "sluice-floor: {}\n", error.what());
    return 2;
}
