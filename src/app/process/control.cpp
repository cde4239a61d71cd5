#include "app/process/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

constexpr const char* file_name = "control";
constexpr std::size_t askers_max = 8;

std::string last_error() {
    return std::generic_category().message(errno);
}

net::Fd open_directory(const std::string& path) {
    return net::Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// Names the socket by way of the open directory: its own path may be longer than a socket address can hold.
sockaddr_un address_in(const net::Fd& directory) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", directory.get(), file_name);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

net::Fd make_socket() {
    net::Fd made(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made) throw StartError(fmt::format("control socket: {}", last_error()));
    return made;
}

bool connect_to(const net::Fd& socket, const net::Fd& directory) {
    if (!socket || !directory) return false;
    const sockaddr_un address = address_in(directory);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

net::Fd listen_in(const net::Fd& directory) {
    net::Fd listener = make_socket();
    if (!listener || !directory) throw StartError(fmt::format("control socket: {}", last_error()));
    ::unlinkat(directory.get(), file_name, 0);
    const sockaddr_un address = address_in(directory);
    const mode_t before = ::umask(0177);
    const bool bound =
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::umask(before);
    if (!bound || ::listen(listener.get(), static_cast<int>(askers_max)) != 0)
        throw StartError(fmt::format("control socket in state_dir: {}", last_error()));
    return listener;
}

void send_answer(int asker, const Answered& answer) {
    const std::string packet = answer_packet(answer);
    ::send(asker, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

/// A command that has connected and is about to say what it wants.
class Control::Asker final : public net::IoHandler {
  public:
    Asker(Control& control, net::Fd fd) : control_(control), fd_(std::move(fd)) {
        (void)control_.loop_.watch(fd_.get(), *this, EPOLLIN);
    }
    Asker(const Asker&) = delete;
    Asker& operator=(const Asker&) = delete;
    ~Asker() override { control_.loop_.unwatch(fd_.get()); }

  private:
    void on_io(std::uint32_t) override {
        if (std::exchange(heard_, true)) return;
        std::array<char, 64> buffer;  // holds more than any command; a longer word is cut and matches none
        const ssize_t octets = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        const std::string_view packet(buffer.data(), octets > 0 ? static_cast<std::size_t>(octets) : 0);
        const auto asker = std::make_shared<net::Fd>(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
        auto& all = control_.askers_;
        const auto self = std::ranges::find(all, this, [](const auto& each) { return each.get(); });
        if (self != all.end()) {
            control_.loop_.retire(std::move(*self));
            all.erase(self);
        }
        if (const auto command = read_command(packet))
            control_.obey_(*command, [asker](const Answered& answer) { send_answer(asker->get(), answer); });
        else if (!packet.empty())
            send_answer(asker->get(), answer_of({"no such command here"}));
    }

    Control& control_;
    net::Fd fd_;
    bool heard_ = false;
};

Control::Control(net::Loop& loop, const std::string& directory, IsWorker is_worker, Obey obey)
    : loop_(loop),
      directory_(open_directory(directory)),
      listener_(listen_in(directory_)),
      is_worker_(std::move(is_worker)),
      obey_(std::move(obey)) {
    if (!loop_.watch(listener_.get(), *this, EPOLLIN)) throw StartError("control socket cannot be watched");
}

Control::~Control() {
    loop_.unwatch(listener_.get());
    if (ours_) ::unlinkat(directory_.get(), file_name, 0);
}

void Control::on_io(std::uint32_t) {
    net::Fd asker(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ucred who{};
    socklen_t size = sizeof who;
    if (!asker || ::getsockopt(asker.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return;
    // Workers without a user of their own could connect. They talk to strangers, so they may give no orders.
    if ((who.uid != 0 && who.uid != ::geteuid()) || is_worker_(who.pid)) return;
    if (askers_.size() == askers_max) {
        loop_.retire(std::move(askers_.front()));
        askers_.erase(askers_.begin());
    }
    askers_.push_back(std::make_unique<Asker>(*this, std::move(asker)));
}

void require_no_other(const std::string& directory) {
    const net::Fd opened = open_directory(directory);
    const net::Fd socket = make_socket();
    // EAGAIN: another Sluice listens there, and its queue is full.
    if (connect_to(socket, opened) || (opened && errno == EAGAIN))
        throw StartError(fmt::format("another Sluice runs with state_dir {}", directory));
}

Answered ask_supervisor(const std::string& directory, std::string_view word, Seconds deadline) {
    const net::Fd opened = open_directory(directory);
    const net::Fd socket = make_socket();
    if (!connect_to(socket, opened))
        throw StartError(fmt::format("no Sluice answers in state_dir {}: {}", directory, last_error()));
    ::send(socket.get(), word.data(), word.size(), MSG_NOSIGNAL);
    pollfd waiting{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(Millis(deadline).count())) != 1)
        throw StartError("no answer; the log tells how it went on");
    std::string text(answer_octets_max, '\0');
    const ssize_t octets = ::recv(socket.get(), text.data(), text.size(), 0);
    if (octets <= 0) throw StartError("the supervisor ended before it answered; its log may say why");
    return read_answer({text.data(), static_cast<std::size_t>(octets)});
}

}  // namespace sluice::app
