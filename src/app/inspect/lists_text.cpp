#include "app/inspect/lists_text.hpp"

#include <fmt/format.h>
#include <string_view>

#include "policy/known_lists.hpp"

namespace sluice::app {

namespace {

using policy::CodeMeaning;
using policy::KnownCode;
using policy::KnownList;

constexpr std::string_view guide_begins =
    R"(# DNS lists that Sluice knows

<!-- Made by `sluice lists --print-guide`; a test compares the two. Change src/policy/known_lists.cpp instead. -->

A list below that is named by its zone alone, in `policy.dnsbl` or `policy.dnswl`, gets the meanings and weights given here.
`sluice lists` prints the same. A list that is not here is asked as well: all its codes then weigh `weight`.

```toml
[[policy.dnsbl]]
zone = "zen.spamhaus.org"      # codes, weights and errors as below

[[policy.dnsbl]]
zone = "rep.mailspike.net"     # good and bad codes in one zone; these weights in place of those below
codes = { "127.0.0.10-12" = 10, "127.0.0.18-20" = -5 }

[[policy.dnswl]]
zone = "list.dnswl.org"
codes = { "127.0.*.2" = 5, "127.0.*.3" = 10 }   # in a dnswl, weights are subtracted
```

- Your own word comes first. With `codes`, a code that is not named is no listing. With `weight`, every code weighs that, but for codes
  that speak the other way, which then count nothing. With `accept`, the codes accepted weigh `weight`.
- A list may answer with several codes at once. Those that speak against the client are one signal (`dnsbl`), which has the weight of the
  weightiest; those that speak for it are another (`dnswl`), likewise. Both count. The log and `sluice explain` name the codes and what they mean.
- An error code is never a listing, unless you name it in `codes` yourself: the list then has no opinion on anybody, the log has `dns_list_error` with the code, and the event
  `dns_list_unusable` is written once. Answers in 127.255.255.0/24 and from outside 127.0.0.0/8 are errors of every list, whatever you name.
- A listing is believed only where the list does not name 127.0.0.1, too, as one does that has been given up, or that wants to be rid of you.
- A weight below zero speaks for the client.
- The makers of a list may change its codes and their terms: read them before you ask a list about your mail. Each entry says where its facts are from.
)";

constexpr std::string_view text_ends =
    "\nAnswers in 127.255.255.0/24 and from outside 127.0.0.0/8 are errors of every list. Each lists "
    "127.0.0.2 for\n"
    "tests (RFC 5782 5). Weights hold where the configuration names only the zone; below zero they speak for "
    "the\n"
    "client. More is in lists.md of the guide.\n";

std::string weight_text(const KnownCode& code) {
    return code.says == CodeMeaning::Says::error ? "error" : fmt::to_string(code.weight);
}

std::string zone_text(const KnownList& list) {
    return fmt::format("{}{}", list.keyed ? "KEY." : "", list.zone);
}

std::string_view kind_text(const KnownList& list) {
    return list.allow ? "policy.dnswl" : "policy.dnsbl";
}

}  // namespace

std::string known_lists_text() {
    std::string out;
    for (const KnownList& list : policy::known_lists()) {
        out += fmt::format("{}{}  ({})\n", out.empty() ? "" : "\n", zone_text(list), kind_text(list));
        for (const KnownCode& code : list.codes)
            out += fmt::format("  {:<16} {:>6}  {}\n", code.codes, weight_text(code), code.words);
        out += fmt::format("  terms   {}\n  source  {} ({})\n", list.terms, list.source, list.seen);
    }
    return out.append(text_ends);
}

std::string known_lists_guide() {
    std::string out(guide_begins);
    for (const KnownList& list : policy::known_lists()) {
        out += fmt::format("\n## {}\n\nFor `{}`. {}\n\n| code | weight | what it means |\n|---|---|---|\n",
                           zone_text(list), kind_text(list), list.terms);
        for (const KnownCode& code : list.codes)
            out += fmt::format("| `{}` | {} | {} |\n", code.codes, weight_text(code), code.words);
        out += fmt::format("\nSource: {}; read {}.\n", list.source, list.seen);
    }
    return out;
}

}  // namespace sluice::app
