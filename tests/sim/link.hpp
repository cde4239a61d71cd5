// One TCP connection of the virtual network. At one end is the product, which sees what a Linux socket would
// show it; at the other end is a peer of the simulator, which is called when something arrives.
//
// Octets arrive in order, in segments of random sizes and after random delays. Either end may close,
// half-close, or reset; the network itself may cut the connection (both ends are reset) or lose it (neither
// end hears anything any more).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/agenda.hpp"
#include "sim/dice.hpp"
#include "sim/trace.hpp"

namespace sluice::sim {

class Peer {
  public:
    virtual void on_octets(std::string_view octets) = 0;
    /// The product has closed its sending side.
    virtual void on_end() = 0;
    virtual void on_reset() = 0;

  protected:
    ~Peer() = default;
};

/// Is told that a socket of the product's may be ready.
class Readiness {
  public:
    virtual void stirred(int fd) = 0;

  protected:
    ~Readiness() = default;
};

struct Path {
    Micros latency{200};
    Micros jitter{0};
    unsigned splits_per_mille = 0;       // a segment is cut short
    std::size_t send_buffer = 65536;     // of the product's socket and the peer's window
    std::size_t receive_buffer = 65536;  // of the product's socket
    static constexpr std::size_t segment = 1448;
    std::size_t segment_max = segment * 16;
};

class Link : public std::enable_shared_from_this<Link> {
  public:
    /// Both must outlive this, and so must the peer, unless it calls detach().
    Link(Agenda& agenda, Trace& trace, Dice dice, const Path& path, unsigned number, char side);

    unsigned number() const { return number_; }
    bool of_client() const { return from_peer_.front() == 'C'; }
    void attach(Peer* peer) { peer_ = peer; }

    // ---- the product's end
    void opened(Readiness& readiness, int fd);
    /// Like net::read_some, with errno.
    std::ptrdiff_t read(char* into, std::size_t size, bool peek);
    std::size_t unread() const { return arrived_.size() - arrived_read_; }
    std::size_t unacknowledged() const { return going_; }
    /// Returns the octets taken; 0 when there is no room; -1 with errno when the connection is broken.
    std::ptrdiff_t write(std::string_view octets);
    void end_writing();
    void close();
    /// The events that poll(2) would report.
    std::uint32_t events() const;
    /// The error of a connection attempt; it is reported once.
    int take_error() { return std::exchange(error_, 0); }
    void widen(std::size_t receive_buffer);
    bool product_closed() const { return closed_; }
    /// The time for which the product has had it open, or had until it closed it.
    Micros held_open() const {
        return opened_at_.count() < 0 ? Micros{0} : (closed_ ? closed_at_ : agenda_.now()) - opened_at_;
    }

    // ---- the peer's end
    void connected();
    void refused(int error);
    /// `together`: in one segment, if there is room.
    void send(std::string_view octets, bool together = false);
    /// Runs `then` when the product has read everything sent so far; never, if it does not.
    void when_read(std::function<void()> then) { marks_.emplace_back(sent_, std::move(then)); }
    /// The number of octets sent so far for which the product's window had room.
    std::uint64_t transmitted() const { return sent_ - unsent(); }
    std::size_t unsent() const { return backlog_.size() - backlog_sent_; }
    void finish();           // closes the sending side only; the peer goes on listening
    void finish_for_good();  // close(2)
    void reset();
    void pause() { paused_ = true; }
    void resume();
    /// Neither end hears from the other again.
    void vanish() { vanished_ = true; }
    bool alive() const { return !dead_ && !vanished_; }
    /// Detaches the peer: it is not called any more.
    void detach() { peer_ = nullptr; }

  private:
    Micros arrival(Micros& last);
    void pump(bool together = false);
    void arrive_at_product(std::string_view octets);
    void arrive_at_peer(std::string_view octets);
    void hand_over(std::string_view octets);
    void reset_product();
    void reset_peer();
    void stir();
    std::size_t room() const;
    void passed_marks();

    Agenda& agenda_;
    Trace& trace_;
    Dice dice_;
    Path path_;
    unsigned number_;
    std::string from_peer_;  // the trace's names of the directions
    std::string from_product_;
    Peer* peer_ = nullptr;
    Readiness* readiness_ = nullptr;
    int fd_ = -1;
    Micros opened_at_{-1};
    Micros closed_at_{0};

    // In the direction to the product.
    std::string backlog_;
    std::size_t backlog_sent_ = 0;
    std::uint64_t sent_ = 0;
    std::size_t coming_ = 0;
    std::string arrived_;
    std::size_t arrived_read_ = 0;
    std::uint64_t read_ = 0;
    std::vector<std::pair<std::uint64_t, std::function<void()>>> marks_;
    Micros last_to_product_{0};

    // In the direction to the peer.
    std::size_t going_ = 0;
    std::string held_;  // arrived while the peer did not read
    bool end_held_ = false;
    Micros last_to_peer_{0};

    int error_ = 0;
    bool connecting_ = true;
    bool finishing_ = false;  // the peer's FIN follows its backlog
    bool fin_sent_ = false;
    bool fin_arrived_ = false;    // the product may see it
    bool peer_gone_ = false;      // it has closed: what arrives is answered by a reset
    bool reset_arrived_ = false;  // the product may see it
    bool ended_writing_ = false;  // the product has closed its sending side
    bool closed_ = false;         // the product has closed it
    bool no_room_told_ = false;
    bool paused_ = false;
    bool vanished_ = false;
    bool dead_ = false;  // reset, at the peer's end
};

}  // namespace sluice::sim
