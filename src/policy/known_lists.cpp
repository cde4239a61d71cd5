#include "policy/known_lists.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace sluice::policy {

namespace {

using enum CodeMeaning::Says;

constexpr KnownCode any_listing[] = {{"127.0.0.2", 10, "listed"}};

constexpr KnownCode spamhaus_sbl[] = {
    {"127.0.0.2", 10, "SBL: a source or supporter of spam"},
    {"127.0.0.3", 10, "CSS: low reputation, found automatically"},
    {"127.0.0.9", 10, "DROP: a network in criminal hands"},
    {"127.0.0.30", 10, "BCL: a botnet's controller"},
    {"127.255.255.252", 0, "the zone's name is mistyped", error},
    {"127.255.255.254", 0, "asked through a public resolver", error},
    {"127.255.255.255", 0, "too many queries", error},
};
constexpr KnownCode spamhaus_xbl[] = {
    {"127.0.0.4-7", 10, "XBL: a hijacked or infected host"},
    {"127.255.255.252", 0, "the zone's name is mistyped", error},
    {"127.255.255.254", 0, "asked through a public resolver", error},
    {"127.255.255.255", 0, "too many queries", error},
};
constexpr KnownCode spamhaus_pbl[] = {
    {"127.0.0.10", 10, "PBL: by its provider's word no mail server"},
    {"127.0.0.11", 10, "PBL: by Spamhaus's word no mail server"},
    {"127.255.255.252", 0, "the zone's name is mistyped", error},
    {"127.255.255.254", 0, "asked through a public resolver", error},
    {"127.255.255.255", 0, "too many queries", error},
};
constexpr KnownCode spamhaus_zen[] = {
    {"127.0.0.2", 10, "SBL: a source or supporter of spam"},
    {"127.0.0.3", 10, "CSS: low reputation, found automatically"},
    {"127.0.0.4-7", 10, "XBL: a hijacked or infected host"},
    {"127.0.0.9", 10, "DROP: a network in criminal hands"},
    {"127.0.0.10", 10, "PBL: by its provider's word no mail server"},
    {"127.0.0.11", 10, "PBL: by Spamhaus's word no mail server"},
    {"127.0.0.30", 10, "BCL: a botnet's controller"},
    {"127.255.255.252", 0, "the zone's name is mistyped", error},
    {"127.255.255.254", 0, "asked through a public resolver", error},
    {"127.255.255.255", 0, "too many queries", error},
};
// The errors come first, because the third octet of a listing is a category, from 2 on.
constexpr KnownCode dnswl[] = {
    {"127.0.*.255", 0, "over quota", error}, {"127.0.*.0", 0, "trust: none"},
    {"127.0.*.1", -2, "trust: low"},         {"127.0.*.2", -5, "trust: medium"},
    {"127.0.*.3", -10, "trust: high"},
};
constexpr KnownCode mailspike_rep[] = {
    {"127.0.0.10", 10, "L5: worst reputation"},     {"127.0.0.11", 10, "L4: very bad reputation"},
    {"127.0.0.12", 10, "L3: bad reputation"},       {"127.0.0.13", 5, "L2: suspicious"},
    {"127.0.0.14", 0, "L1: neutral, rather spam"},  {"127.0.0.15", 0, "LH0: neutral"},
    {"127.0.0.16", 0, "H1: neutral, rather good"},  {"127.0.0.17", -2, "H2: possibly good"},
    {"127.0.0.18", -5, "H3: good reputation"},      {"127.0.0.19", -5, "H4: very good reputation"},
    {"127.0.0.20", -5, "H5: excellent reputation"},
};
constexpr KnownCode mailspike_bl[] = {
    {"127.0.0.2", 10, "part of a wave of spam"},
    {"127.0.0.10", 10, "L5: worst reputation"},
    {"127.0.0.11", 10, "L4: very bad reputation"},
    {"127.0.0.12", 10, "L3: bad reputation"},
};
constexpr KnownCode mailspike_wl[] = {
    {"127.0.0.17", -2, "H2: possibly good"},
    {"127.0.0.18", -5, "H3: good reputation"},
    {"127.0.0.19", -5, "H4: very good reputation"},
    {"127.0.0.20", -5, "H5: excellent reputation"},
};
constexpr KnownCode spamrats[] = {
    {"127.0.0.36", 10, "Dyna: looks like a home connection, and abuses"},
    {"127.0.0.37", 10, "NoPtr: has no reverse name, and abuses"},
    {"127.0.0.38", 10, "Spam: abuses"},
    {"127.0.0.43", 0, "Auth: tries passwords, which is no matter of mail"},
};

constexpr std::string_view spamhaus_terms =
    "Free for little and non-commercial use, not through public resolvers; else with a key.";
constexpr std::string_view spamhaus_source =
    "docs.spamhaus.com, datasets, Available Zones; www.spamhaus.org/faq, DNSBL Usage (errors)";
constexpr std::string_view mailspike_terms = "Free up to 100,000 messages and 100,000 queries a day.";
constexpr std::string_view mailspike_source =
    "mailspike.org/usage.html; levels as SpamAssassin and rspamd read them";
constexpr std::string_view today = "2026-11-30";

constexpr KnownList table[] = {
    {"zen.spamhaus.org", false, false, spamhaus_zen, spamhaus_terms, spamhaus_source, today},
    {"zen.dq.spamhaus.net", true, false, spamhaus_zen, "With a key. Hide it by shown_as.", spamhaus_source,
     today},
    {"sbl.spamhaus.org", false, false, spamhaus_sbl, spamhaus_terms, spamhaus_source, today},
    {"xbl.spamhaus.org", false, false, spamhaus_xbl, spamhaus_terms, spamhaus_source, today},
    {"pbl.spamhaus.org", false, false, spamhaus_pbl, spamhaus_terms, spamhaus_source, today},
    {"b.barracudacentral.org", false, false, any_listing,
     "Free; the name servers that ask must be registered.", "www.barracudacentral.org/rbl/how-to-use", today},
    {"bl.spamcop.net", false, false, any_listing,
     "Free, as it is. Its makers advise against blocking by it alone.",
     "www.spamcop.net/bl.shtml; the code is that of RFC 5782 2.1, as its users have it", today},
    {"psbl.surriel.com", false, false, any_listing, "Anybody is free to use it.",
     "psbl.org/howto; the code is that of RFC 5782 2.1, as its users have it", today},
    {"all.spamrats.com", false, false, spamrats, "Free for most; see its Terms of Service.",
     "www.spamrats.com/lists.php; codes as its users have them", today},
    {"bl.mailspike.net", false, false, mailspike_bl, mailspike_terms, mailspike_source, today},
    {"rep.mailspike.net", false, false, mailspike_rep, mailspike_terms, mailspike_source, today},
    {"wl.mailspike.net", false, true, mailspike_wl, mailspike_terms, mailspike_source, today},
    {"list.dnswl.org", false, true, dnswl,
     "Free up to 100,000 queries a day. A client that goes on asking beyond is told that everybody is "
     "trusted.",
     "www.dnswl.org; its maintainer to the users of SpamAssassin, 2021-04-12 (limits); SpamAssassin's "
     "25_dnswl.cf",
     today},
};

bool is_zone_of(const KnownList& list, std::string_view zone) {
    if (!list.keyed) return ascii::equal(zone, list.zone);
    if (zone.size() <= list.zone.size() + 1) return false;
    const std::size_t dot = zone.size() - list.zone.size() - 1;
    return zone[dot] == '.' && zone.find('.') == dot && ascii::equal(zone.substr(dot + 1), list.zone);
}

}  // namespace

std::span<const KnownList> known_lists() {
    return table;
}

const KnownList* known_list(std::string_view zone) {
    const auto* const found =
        std::ranges::find_if(table, [zone](const KnownList& list) { return is_zone_of(list, zone); });
    return found == std::end(table) ? nullptr : found;
}

void fill_in_known(DnsListOptions& list, bool weight_given) {
    const KnownList* const known = known_list(list.zone);
    if (known == nullptr) return;
    const bool own_codes = list.only_codes;
    const bool own_weight = weight_given || !list.accept.empty();
    for (const KnownCode& code : known->codes) {
        const auto codes = ReturnCodes::parse(code.codes);
        if (!codes) continue;  // a test checks that the table parses
        CodeMeaning row{.codes = *codes, .says = code.says, .words = code.words};
        if (code.says == listed) {
            const bool other_way = list.allow ? code.weight > 0 : code.weight < 0;
            if (own_codes || (own_weight && list.accept.empty() && other_way)) {
                row.says = not_listed;
            } else if (!own_weight) {
                row.weight = code.weight;
            }
        }
        list.codes.push_back(row);
    }
    list.only_codes = own_codes || !own_weight;
}

}  // namespace sluice::policy
