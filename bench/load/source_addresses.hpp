// The source addresses of the clients: those of one IPv4 network, in turn.
//
// Loopback gives one machine sixteen million clients, because Linux owns all of 127.0.0.0/8. They are needed
// not only to test policy: one pair of addresses has 28,000 ports, many of them in TIME_WAIT under churn.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace load {

class SourceAddresses {
  public:
    /// Parses "127.1.0.0/16"; without a length, one address. Host bits must be zero.
    static std::optional<SourceAddresses> parse(std::string_view network);

    /// The next address, port 0. The first and the last of a network wider than /31 are left out.
    sockaddr_in next();

    std::uint32_t count() const { return count_; }

  private:
    SourceAddresses(std::uint32_t first, std::uint32_t count) : first_(first), count_(count) {}

    std::uint32_t first_;  // host order
    std::uint32_t count_;
    std::uint32_t given_ = 0;
};

}  // namespace load
