// The product's kernel: descriptors, an epoll set, a disk, and a clock. The functions of src/net that make
// system calls have a second definition in net_*.cpp, which calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "sim/agenda.hpp"
#include "sim/dice.hpp"
#include "sim/faults.hpp"
#include "sim/link.hpp"

namespace sluice::sim {

/// A listener's queue: clients that have connected but are not accepted yet.
struct Door {
    struct Waiting {
        std::shared_ptr<Link> link;
        net::Endpoint from;
    };
    std::deque<Waiting> waiting;
};

class Kernel final : private Readiness {
  public:
    /// Answers a connection attempt of the product's; the link is connecting.
    using Router = std::function<std::shared_ptr<Link>(const net::Endpoint&)>;
    using LogReader = std::function<void(std::string_view line)>;

    /// All must outlive it. From its construction to its destruction the product lives in this world.
    Kernel(Agenda& agenda, Faults& faults, Dice dice);
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    /// The only instance.
    static Kernel& current();

    // ---- descriptors; -1 with errno when there are none
    int open_door(std::shared_ptr<Door> door);
    int open_link(std::shared_ptr<Link> link);
    int open_file();
    void close(int fd);
    Link* link(int fd);
    Door* door(int fd);
    std::shared_ptr<Door> shared_door(int fd) { return at(fd)->door; }
    std::string* file(int fd);
    unsigned open_descriptors() const { return open_; }
    unsigned descriptors_max = 10'000;

    // ---- epoll
    bool watch(int fd, net::IoHandler& handler, std::uint32_t events);
    void rewatch(int fd, net::IoHandler& handler, std::uint32_t events);
    void unwatch(int fd);
    /// Lets the world go on until something is ready, but no longer than `wait_max`.
    void wait(Millis wait_max);
    std::vector<std::pair<net::IoHandler*, std::uint32_t>> take_ready(std::size_t count_max);
    void wake() { woken_ = true; }
    bool take_wake() { return std::exchange(woken_, false); }

    // ---- the rest
    Instant now() const;
    Agenda& agenda() { return agenda_; }
    Faults& faults() { return faults_; }
    Dice& dice() { return dice_; }
    Router router;
    LogReader log_reader;
    std::uint64_t turns_without_time = 0;

  private:
    struct Descriptor {
        std::shared_ptr<Link> link;
        std::shared_ptr<Door> door;
        std::unique_ptr<std::string> file;
        net::IoHandler* handler = nullptr;
        std::uint32_t interest = 0;
        bool stirred = false;
    };

    void stirred(int fd) override;
    int take_slot(bool may_fail);
    Descriptor* at(int fd);
    bool something_ready() const;

    Agenda& agenda_;
    Faults& faults_;
    Dice dice_;
    Millis booted_;  // the monotonic clock when the world began
    std::vector<Descriptor> table_;
    std::set<int> free_;
    unsigned open_ = 0;
    std::vector<int> ready_;
    std::vector<int> doors_;
    bool woken_ = false;
    Micros last_turn_{-1};
};

}  // namespace sluice::sim
