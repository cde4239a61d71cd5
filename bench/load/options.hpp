// What one run of the load generator does.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/source_addresses.hpp"

namespace load {

enum class Kind : std::uint8_t {
    mail,    // good mail, to its 250 after the dot
    bounce,  // a recipient that does not exist, to its 550
    churn,   // connect, greeting, QUIT
    hold,    // sessions kept open, reading what drips
    loris,   // refused recipients again and again, each command a few octets at a time
    drip,    // mail whose content comes a few octets at a time
    peek,    // connect, greeting, and gone without a word
    rush,    // connect, and gone before the greeting
    bot,     // spam from a client that leaves when it has waited too long
};

/// The word for it on the command line.
std::string_view name(Kind kind);
std::optional<Kind> kind_named(std::string_view name);

/// One class of clients: what they do, and how many there are. Counted apart from every other.
struct ClassOptions {
    std::string name;
    Kind kind = Kind::mail;
    unsigned clients = 50;         // connections at once
    std::uint64_t units = 0;       // mails, refused recipients or connections in all; 0 = no end
    double arrivals_per_s = 0;     // open loop: connections begun, come what may; 0 = closed loop
    double opened_per_s = 0;       // the first connection of each client; 0 = all at once
    double after_s = 0;            // begins so late
    unsigned bounces_percent = 0;  // of a mail class: connections that bring a bounce instead
    unsigned persistent = 1;       // mails, or refused recipients, a connection
    bool pipelined = false;        // RFC 2920: MAIL, RCPT and DATA in one write
    bool silent = false;           // hold: says nothing; otherwise EHLO again and again
    bool reset = false;            // peek, rush: leaves with a reset, not in order
    bool dropped = false;          // what is under way at the end is not let finish
    bool replaced = true;          // an ended connection is followed by another
    std::size_t message_octets = 4096;
    std::optional<SourceAddresses> sources;  // none = the kernel chooses
    std::string recipient;                   // empty: good@ or unknown@bench.test, as the kind has it
    bool random_recipients = false;          // refused ones: sixteen random digits follow the local part
    std::uint64_t recipients = 0;            // or these many different ones, in turn
    unsigned timeout_s = 60;                 // a client that has heard nothing for so long has failed
    std::size_t drop_octets = 1;             // loris, drip: sent at once
    unsigned interval_ms = 1000;             // and so far apart
    unsigned read_every_ms = 0;              // hold: looks what has come so often; 0 = at once
    double patience = 1;                     // bot: factor to the published times
};

struct Options {
    std::string mode;  // the subcommand, for the result
    sockaddr_in target{};
    std::vector<ClassOptions> classes;
    double seconds = 0;         // no unit begins later; 0 = until all units are done
    bool every_second = false;  // a line each, of what is open
    std::uint64_t seed = 1;     // of all that is random
};

/// Reads the command line; on --help or a mistake prints and returns the exit code instead.
struct ParseResult {
    std::optional<Options> options;
    int exit_code = 0;
};
ParseResult parse_options(int argc, char** argv);

}  // namespace load
