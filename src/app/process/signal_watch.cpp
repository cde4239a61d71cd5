#include "app/process/signal_watch.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "app/process/start_error.hpp"

namespace sluice::app {

SignalWatch::SignalWatch(net::Loop& loop, std::initializer_list<int> signals,
                         std::function<void(int signal)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals)
        sigaddset(&set, signal);
    // Blocked before any thread starts, so that no signal interrupts a thread.
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_.reset(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd_ || !loop_.watch(fd_.get(), *this, EPOLLIN)) throw StartError("signals cannot be watched");
}

SignalWatch::~SignalWatch() {
    loop_.unwatch(fd_.get());
}

void SignalWatch::on_io(std::uint32_t) {
    signalfd_siginfo info;
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
        on_signal_(static_cast<int>(info.ssi_signo));
}

}  // namespace sluice::app
