// One client of the floor: an SMTP server that tells commands apart by their first letter.
//
// It does the least that a server can do and still give true replies: it counts what it took, so that a run
// can be checked against it. It is no example of how to treat a client: it checks no limit, no timeout and no
// syntax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sink {

/// The counts over all connections so far.
struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t mails = 0;
    std::uint64_t octets = 0;  // of messages
    std::uint64_t recipients = 0;
    std::uint64_t refused = 0;
    std::uint64_t xclients = 0;
};

class Connection {
  public:
    static constexpr std::string_view greeting = "220 floor.bench.test ESMTP\r\n";

    /// Takes what was read; appends the replies to `out`. False after QUIT.
    bool take(std::string_view input, std::string& out, Counts& counts);

  private:
    static constexpr std::size_t line_max =
        88;  // of a line cut by the end of a read; the rest of it is dropped

    void take_content(std::string_view& input, std::string& out, Counts& counts);
    void take_chunk(std::string_view& input, std::string& out, Counts& counts);
    /// False after QUIT.
    bool command(std::string_view line, std::string& out, Counts& counts);
    void bdat(std::string_view line, std::string& out);

    std::uint64_t chunk_left_ = 0;
    std::uint32_t recipients_ = 0;
    bool content_ = false;
    bool last_chunk_ = false;
    std::uint8_t matched_ = 0;  // octets of CRLF.CRLF seen so far, in content
    std::uint8_t line_size_ = 0;
    char line_[line_max];
};

}  // namespace sink
