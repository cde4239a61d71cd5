#include "relay/scrub.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace sluice::relay {

namespace {

bool host_char(char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.';
}

std::string_view without_final_dots(std::string_view word) {
    while (word.ends_with('.'))
        word.remove_suffix(1);
    return word;
}

/// The number of octets at the front of `rest` that are "[address]" or "[address]:port" of anyone but the
/// client.
std::size_t bracketed_address_octets(std::string_view rest, const Scrubbing& scrubbing) {
    constexpr std::size_t address_octets_max = 64;
    if (!rest.starts_with('[')) return 0;
    const std::size_t close = rest.substr(0, address_octets_max).find(']');
    if (close == std::string_view::npos) return 0;
    std::string_view inside = rest.substr(1, close - 1);
    if (ascii::starts_with(inside, "IPv6:")) inside.remove_prefix(5);
    const auto address = IpAddress::parse(inside);
    if (!address || address == scrubbing.client) return 0;
    std::size_t octets = close + 1;
    if (octets + 1 < rest.size() && rest[octets] == ':' && ascii::is_digit(rest[octets + 1])) {
        octets += 2;
        while (octets < rest.size() && ascii::is_digit(rest[octets]))
            ++octets;
    }
    return octets;
}

bool names_host(std::string_view word, const Scrubbing& scrubbing) {
    return word.find('.') != std::string_view::npos &&
           std::ranges::any_of(scrubbing.hosts, [&](std::string_view host) {
               return ascii::equal(word, without_final_dots(host));
           });
}

}  // namespace

std::string scrub(std::string_view text, const Scrubbing& scrubbing) {
    std::string out;
    out.reserve(text.size());
    char before = ' ';
    while (!text.empty()) {
        const std::string_view word(text.begin(), std::ranges::find_if_not(text, host_char));
        const std::string_view rest = text.substr(word.size());
        const bool in_mailbox = before == '@';
        const std::string_view name = without_final_dots(word);
        const std::size_t bracketed = in_mailbox ? 0 : bracketed_address_octets(rest, scrubbing);
        if (bracketed != 0) {
            out += scrubbing.replacement;
        } else if (!in_mailbox && names_host(name, scrubbing)) {
            out += scrubbing.replacement;
            out += word.substr(name.size());
        } else {
            out += word;
        }
        text.remove_prefix(word.size() + bracketed);
        if (bracketed == 0 && !text.empty()) {
            out += text.front();
            text.remove_prefix(1);
        }
        before = out.empty() ? ' ' : out.back();
    }
    return out;
}

}  // namespace sluice::relay
