#include "app/process/service.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace sluice::app {

Service::Service(LogFormat format, const LogFile& log_file, Metrics& metrics)
    : format_(format),
      signals_(loop_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int signal) { on_signal(signal); }),
      writer_(log_file.fd(), format, metrics),
      events_(format, [this](std::string_view line) { writer_.write(line); }),
      offload_(loop_) {}

void Service::run(std::function<void()> drain, Seconds end_within) {
    drain_ = std::move(drain);
    end_within_ = end_within;
    loop_.run();
}

void Service::on_signal(int signal) {
    // The supervisor reopens logs. A process gets these signals only when they go to the whole process group.
    if (signal == SIGHUP || signal == SIGUSR1) return;
    if (draining_) return;
    draining_ = true;
    // SIGALRM keeps its default action and ends the process even if the loop hangs.
    ::alarm(static_cast<unsigned>(end_within_.count()));
    drain_();
}

}  // namespace sluice::app
