// Signals as events of the loop: they are blocked, and read from a signalfd. No code runs in a signal
// handler.
#pragma once

#include <functional>
#include <initializer_list>

#include "net/fd.hpp"
#include "net/loop.hpp"

namespace sluice::app {

class SignalWatch final : net::IoHandler {
  public:
    /// Blocks the signals for this process, and calls `on_signal` for each one that comes. Throws StartError.
    SignalWatch(net::Loop& loop, std::initializer_list<int> signals,
                std::function<void(int signal)> on_signal);
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;
    ~SignalWatch() override;

  private:
    void on_io(std::uint32_t events) override;

    net::Loop& loop_;
    net::Fd fd_;
    std::function<void(int)> on_signal_;
};

}  // namespace sluice::app
