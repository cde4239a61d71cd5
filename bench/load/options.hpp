// The settings of one run of the load generator.
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
    hold,    // sessions kept open, reading what the server drips
    loris,   // refused recipients again and again, each command sent a few octets at a time
    drip,    // mail whose content is sent a few octets at a time
    peek,    // connects, reads the greeting, and leaves without a word
    rush,    // connects, and leaves before the greeting
    bot,     // spam from a client that leaves when it has waited too long
};

/// The kind's name on the command line.
std::string_view name(Kind kind);
std::optional<Kind> kind_named(std::string_view name);

/// One class of clients: what they do, and how many there are. Its results are counted separately.
struct ClassOptions {
    std::string name;
    Kind kind = Kind::mail;
    unsigned clients = 50;         // connections at once
    std::uint64_t units = 0;       // mails, refused recipients or connections in all; 0 = no end
    double arrivals_per_s = 0;     // open loop: connections begun regardless of the server; 0 = closed loop
    double opened_per_s = 0;       // the first connection of each client; 0 = all at once
    double after_s = 0;            // delay before the first
    unsigned bounces_percent = 0;  // of a mail class: connections that bring a bounce instead
    unsigned persistent = 1;       // mails, or refused recipients, per connection
    bool pipelined = false;        // RFC 2920: MAIL, RCPT and DATA in one write
    bool silent = false;           // hold: sends nothing; otherwise EHLO again and again
    bool reset = false;            // peek, rush: leaves with a reset instead of an orderly close
    bool dropped = false;          // units in progress at the end may not finish
    bool replaced = true;          // an ended connection is followed by another
    std::size_t message_octets = 4096;
    std::optional<SourceAddresses> sources;  // none = the kernel chooses
    std::string recipient;                   // empty: good@ or unknown@bench.test, depending on the kind
    bool random_recipients = false;          // refused ones: sixteen random digits follow the local part
    std::uint64_t recipients = 0;            // or this many different ones, in turn
    unsigned timeout_s = 60;                 // a client that has received nothing for this long has failed
    std::size_t drop_octets = 1;             // loris, drip: sent at a time
    unsigned interval_ms = 1000;             // the pause between them
    unsigned read_every_ms = 0;              // hold: reads at this interval; 0 = at once
    double patience = 1;                     // bot: factor for the published times
};

struct Options {
    std::string mode;  // the subcommand, for the result
    sockaddr_in target{};
    std::vector<ClassOptions> classes;
    double seconds = 0;         // no unit begins after this; 0 = until all units are done
    bool every_second = false;  // prints a line every second about what is open
    std::uint64_t seed = 1;     // for all random choices
};

/// Reads the command line; on --help or a mistake prints and returns the exit code instead.
struct ParseResult {
    std::optional<Options> options;
    int exit_code = 0;
};
ParseResult parse_options(int argc, char** argv);

}  // namespace load
