// One connection of a client: what it says, and what it must hear in reply.
//
// Every command goes into a queue with the replies that it may get, so a reply that is missing, doubled or
// out of order is noticed at once. When a fault has struck this connection (by its own doing or the
// network's), the session still checks what it hears, but no longer demands anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/patience.hpp"
#include "sim/link.hpp"
#include "sim/world.hpp"

namespace sluice::sim {

class Client;
struct Letter;

class ClientSession final : private Peer {
  public:
    /// Connects.
    ClientSession(World& world, Client& client);

    bool over() const { return over_; }

  private:
    enum class Asked : std::uint8_t {
        greeting,
        hello,
        mail,
        recipient,
        data,
        chunk,
        dot,
        reset,
        quit,
        noise
    };
    struct Expectation {
        Asked what;
        std::size_t index = 0;          // of the recipient
        std::array<int, 3> codes = {};  // for noise
        bool fatal = false;             // noise that ends the session, unless it is answered 250
    };
    enum class Phase : std::uint8_t { greeting, hello, letter, leaving };

    // client_session.cpp: octets, time, and the end
    void on_octets(std::string_view octets) override;
    void on_end() override;
    void on_reset() override;
    void take_line(std::string_view line);
    void reply(int code, std::string_view text);
    void say(std::string octets);
    bool struck_now(std::string& octets);
    void flush();
    void wait_for_reply();
    void waited_in_vain();
    void watch_blocks(std::uint64_t transmitted_before);
    void read_now_and_then();
    void leave(bool politely);
    void end();
    void blame(std::string what);

    // client_dialogue.cpp: the commands and their order
    void go_on();
    void go_on_later();
    void say_hello();
    void begin_letter();
    void say_envelope();
    std::string envelope_command(std::size_t step);
    void say_noise(std::string& out);
    void envelope_answered();
    void say_content();
    void say_data_content();
    void say_chunks();
    void say_next_chunk();
    std::size_t next_chunk(std::size_t left);
    void letter_over(bool taken);
    void say_quit();
    void hello_answered(int code, std::string_view text);
    void mail_answered(int code);
    void recipient_answered(std::size_t index, int code);
    void data_answered(int code);
    void chunk_answered(int code);
    void dot_answered(int code);
    void expects_refusal(int code);
    void noise_answered(const Expectation& expected, int code);
    bool expects(int code, std::initializer_list<int> codes);
    Seconds patience(Asked what) const;
    void look_at_the_clock(bool whole_reply);
    std::size_t begin_attempt();
    std::size_t begin_again();
    void note_unheard();
    void leave_at_dot();

    World& world_;
    Client& client_;
    Dice dice_;
    std::shared_ptr<Link> link_;
    std::uint16_t port_;
    Phase phase_ = Phase::greeting;
    std::deque<Expectation> expected_;
    std::string input_;
    std::string reply_text_;
    std::string held_back_;         // said while pausing
    std::uint64_t wait_ = 0;        // the number of the current wait
    const policy::Sender& sender_;  // the sender whose timeouts it has, within those of RFC 5321
    Micros asked_at_{0};            // when the current reply was asked for
    Micros heard_at_{0};            // when its last octet came, or asked_at_
    bool calm_when_asked_ = false;
    Seconds impatience_{0};  // 0 = none
    bool pausing_ = false;
    bool struck_ = false;
    bool slow_reader_ = false;
    bool over_ = false;
    bool dismissed_ = false;  // heard 421, 221, or another reply that ends a session
    bool pipelines_ = false;  // where it may
    bool chunks_ = false;
    bool offered_pipelining_ = false;
    bool offered_chunking_ = false;
    bool offered_size_ = false;
    bool esmtp_ = true;

    // The current letter.
    std::size_t letter_ = 0;
    std::size_t letters_left_;
    std::vector<std::string> named_;  // its recipients, in this transaction
    std::vector<std::string> promised_;
    std::size_t step_ = 0;  // of the envelope
    bool mail_taken_ = false;
    bool by_chunks_ = false;
    bool smuggles_ = false;
    bool said_all_ = false;  // the content, completely
    bool too_big_ = false;   // by its declared or its real size
    std::size_t attempt_ = SIZE_MAX;
    std::string content_;
    std::size_t content_at_ = 0;
    std::size_t crumbled_ = 0;  // up to here in the content, chunks are of a few octets
};

}  // namespace sluice::sim
