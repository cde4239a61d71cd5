// The options of the policy: what is asked about a client, and what follows from the answers.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "policy/departure.hpp"
#include "policy/dns_list.hpp"
#include "policy/greylist.hpp"
#include "policy/networks.hpp"
#include "policy/overload.hpp"
#include "policy/past.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/trap_recipients.hpp"
#include "policy/verdict.hpp"

namespace sluice::judge {

/// Recipients that do not exist, as a signal against the client that names them.
struct UnknownRecipientOptions {
    unsigned slow_after = 10;  // in a window; 0 = off
    Seconds window{3600};
    std::size_t clients_max = 100'000;
};

struct PolicyOptions {
    policy::Lane default_lane = policy::Lane::fast;
    policy::NetworkTable networks;
    std::vector<Network> health_networks;  // monitors: never judged, and not allowed to send mail
    std::vector<policy::DnsListOptions> dns_lists;
    Millis dns_deadline{2000};  // of a stage's questions to DNS; the greeting waits no longer for them
    policy::Thresholds thresholds;
    policy::Mode mode = policy::Mode::enforce;
    policy::SignalOptions signals;
    Millis pregreet_wait{2000};           // between the two lines of the greeting; 0 = one line only
    unsigned null_sender_recipients = 3;  // this many recipients of MAIL FROM:<> are a signal
    policy::TrapRecipients trap_recipients;
    std::vector<policy::BotSignature> bots = policy::known_bots();
    UnknownRecipientOptions unknown_recipients;
    policy::PastOptions past;
    policy::GreylistOptions greylist;
    policy::OverloadOptions overload;
    bool resolve_names = true;  // of every client, for the MTA (XCLIENT NAME, REVERSE_NAME)

    /// Whether the PTR names of clients that no network list holds are judged.
    bool judges_names() const {
        using enum policy::SignalId;
        return signals.on(no_ptr) || signals.on(ptr_unconfirmed) || signals.on(dynamic_name);
    }
    /// Whether any option needs DNS.
    bool asks_dns() const {
        return resolve_names || judges_names() || signals.on(policy::SignalId::helo_unresolvable) ||
               !dns_lists.empty();
    }
};

}  // namespace sluice::judge
