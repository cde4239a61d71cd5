// What one run of the load generator does.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "load/source_addresses.hpp"

namespace load {

enum class Mode : std::uint8_t {
    mail,    // good mail, to its 250 after the dot
    bounce,  // a recipient that does not exist, to its 550
    churn,   // connect, greeting, QUIT
    hold,    // sessions kept open, reading what drips
};

struct Options {
    Mode mode = Mode::mail;
    sockaddr_in target{};
    unsigned clients = 50;       // connections at once
    std::uint64_t units = 1000;  // mails, refused recipients or connections in all; not for hold
    unsigned persistent = 1;     // mails, or refused recipients, a connection
    bool pipelined = false;      // RFC 2920: MAIL, RCPT and DATA in one write
    std::size_t message_octets = 4096;
    std::optional<SourceAddresses> sources;  // none = the kernel chooses
    std::string recipient;                   // with random_digits, the digits follow its local part
    bool random_recipients = false;
    std::uint64_t seed = 1;   // of random recipients
    unsigned timeout_s = 60;  // a client that has heard nothing for so long has failed

    // hold only
    unsigned seconds = 30;
    unsigned opened_per_s = 5000;
    bool silent = false;  // says nothing after the greeting; otherwise EHLO again and again
};

/// Reads the command line; on --help or a mistake prints and returns the exit code instead.
struct ParseResult {
    std::optional<Options> options;
    int exit_code = 0;
};
ParseResult parse_options(int argc, char** argv);

}  // namespace load
