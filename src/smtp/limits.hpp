// The bounds of the server side, with their defaults and the replies when they are passed.
//
// RFC 5321 4.5.3.1 gives sizes that a server must at least accept; ours are at or above them. Local parts may
// be longer than the RFC's 64 octets, because SRS and VERP addresses of honest senders are.
#pragma once

#include <cstdint>

namespace sluice::smtp {

struct Limits {
    unsigned command_line_octets_max = 2048;        // with CRLF; RFC: 512 plus extensions. 500 5.5.2
    unsigned local_part_octets_max = 256;           // RFC: 64. 501 5.1.3 (recipient), 5.1.7 (sender)
    unsigned domain_octets_max = 255;               // RFC: 255. 501 5.1.3, 5.1.7
    unsigned path_octets_max = 512;                 // without the brackets; RFC: 256. 501 5.1.3, 5.1.7
    unsigned recipients_max = 1000;                 // per transaction; RFC: 100. 452 4.5.3
    std::uint64_t message_octets_max = 52'428'800;  // 552 5.3.4, at MAIL (declared) and at the dot (counted)
    std::uint64_t text_line_octets_max =
        0;                             // with CRLF; RFC: 1000. 0 = no bound but the message's. 500 5.6.0
    unsigned errors_max = 20;          // refused commands per session, then 421 4.7.0
    unsigned junk_commands_max = 100;  // NOOP, RSET, VRFY, HELP … without mail between them, then 421 4.7.0
    unsigned transactions_max = 1000;  // MAILs per session, then 421 4.7.0
};

}  // namespace sluice::smtp
