// The system under test, wired as app/worker/worker.cpp wires a worker.
#pragma once

#include <memory>

#include "front/front.hpp"
#include "net/log_writer.hpp"
#include "net/loop.hpp"
#include "net/offload.hpp"
#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "relay/relay.hpp"
#include "sim/scenario.hpp"

namespace sluice::sim {

class Product {
  public:
    /// Serves the listener. `scenario` must outlive it.
    explicit Product(const Scenario& scenario)
        : listener_(net::listen_tcp({}, {}).value()),
          resolver_(scenario.resolves ? std::make_unique<net::Resolver>(loop_, net::ResolverOptions{})
                                      : nullptr),
          relay_(loop_, offload_, nullptr, nullptr, scenario.relay,
                 [](std::string_view, std::string_view, std::string_view) {}),
          front_({loop_, offload_, resolver_.get(), relay_.parts(), nullptr, log_, LogFormat::json, Millis{0},
                  [](std::string_view, std::string_view) {}},
                 scenario.front) {
        front_.serve(listener_.get());
    }

    net::Loop& loop() { return loop_; }
    int listener() const { return listener_.get(); }
    unsigned sessions() const { return front_.sessions(); }
    relay::Relay::Counts counts() const { return relay_.counts(); }

    /// As at SIGTERM: drains the clients first.
    void drain() {
        front_.drain([this] {
            drained_ = true;
            relay_.drain();
        });
        listener_.reset();
    }
    bool drained() const { return drained_; }

  private:
    net::Loop loop_;
    net::Offload offload_{loop_};
    net::LogWriter log_{-1};
    net::Fd listener_;
    std::unique_ptr<net::Resolver> resolver_;
    relay::Relay relay_;
    front::Front front_;
    bool drained_ = false;
};

}  // namespace sluice::sim
