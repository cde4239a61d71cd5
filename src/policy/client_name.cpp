#include "policy/client_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "base/ascii.hpp"

namespace sluice::policy {

namespace {

constexpr std::string_view mail_words[] = {
    "mail",   "mx",     "smtp",     "mta",      "relay",   "mout",    "out",  "mailout", "outbound",
    "mailer", "mailgw", "mailhost", "exchange", "webmail", "postfix", "exim", "bounce",  "newsletter"};
constexpr std::string_view static_words[] = {"static", "sta",  "fixed",     "fix",    "business", "biz",
                                             "corp",   "colo", "dedicated", "server", "vps"};
constexpr std::string_view customer_words[] = {
    "dyn",     "dynip", "dsl",   "sdsl", "xdsl",        "pool",  "ppp",      "dial",      "dialin",
    "dip",     "cable", "catv",  "cm",   "cpe",         "cust",  "customer", "customers", "client",
    "clients", "user",  "home",  "res",  "residential", "bb",    "wireless", "wifi",      "wlan",
    "mobile",  "gprs",  "umts",  "lte",  "fiber",       "fibre", "ftth",     "fttx",      "nat",
    "cgn",     "cgnat", "modem", "isdn", "abo",         "retail"};
/// Such a stem marks a customer whatever follows it.
constexpr std::string_view customer_stems[] = {"dynamic", "dhcp",  "adsl",     "vdsl",
                                               "dialup",  "pppoe", "broadband"};

/// The words of a name, without the digits around them.
std::vector<std::string_view> words_of(std::string_view name) {
    std::vector<std::string_view> words;
    while (!name.empty()) {
        const auto end = std::ranges::find_if_not(name, ascii::is_alnum);
        std::string_view word = name.substr(0, static_cast<std::size_t>(end - name.begin()));
        name.remove_prefix(std::min(word.size() + 1, name.size()));
        while (!word.empty() && ascii::is_digit(word.front()))
            word.remove_prefix(1);
        while (!word.empty() && ascii::is_digit(word.back()))
            word.remove_suffix(1);
        if (!word.empty()) words.push_back(word);
    }
    return words;
}

bool any_in(std::span<const std::string_view> words, std::span<const std::string_view> list) {
    return std::ranges::find_first_of(words, list) != words.end();
}

bool says_customer(std::span<const std::string_view> words) {
    const auto has_stem = [](std::string_view word) {
        return std::ranges::any_of(customer_stems,
                                   [word](std::string_view stem) { return word.starts_with(stem); });
    };
    return any_in(words, customer_words) || std::ranges::any_of(words, has_stem);
}

/// The numbers from 0 to 255 in a name; any other number appears as -1.
std::vector<int> numbers_of(std::string_view name) {
    std::vector<int> numbers;
    for (std::size_t at = 0; at < name.size();) {
        std::size_t end = at;
        int value = 0;
        for (; end < name.size() && ascii::is_digit(name[end]); ++end)
            value = std::min(value * 10 + (name[end] - '0'), 1000);
        if (end > at) numbers.push_back(end - at <= 3 && value <= 255 ? value : -1);
        at = end + 1;
    }
    return numbers;
}

bool has_v4(std::string_view name, const IpAddress& client) {
    const auto& all = client.octets();
    std::array<int, 4> octets{all[0], all[1], all[2], all[3]};
    std::array<int, 2> last{octets[2], octets[3]};
    const std::vector<int> numbers = numbers_of(name);
    for (int way = 0; way < 2; ++way) {
        const std::string padded =
            fmt::format("{:03}{:03}{:03}{:03}", octets[0], octets[1], octets[2], octets[3]);
        const std::string hex =
            fmt::format("{:02x}{:02x}{:02x}{:02x}", octets[0], octets[1], octets[2], octets[3]);
        if (name.find(padded) != std::string_view::npos || name.find(hex) != std::string_view::npos)
            return true;
        if (!std::ranges::search(numbers, last).empty()) return true;
        std::ranges::reverse(octets);
        std::ranges::reverse(last);
    }
    return false;
}

/// Whether the name contains the IPv6 address. A name cannot contain colons, so hyphens or dots, or nothing,
/// separate the groups.
bool has_v6(std::string_view name, const IpAddress& client) {
    std::string digits;
    std::ranges::copy_if(name, std::back_inserter(digits), ascii::is_alnum);
    std::string hex;
    for (const auto octet : client.octets())
        fmt::format_to(std::back_inserter(hex), "{:02x}", octet);
    const std::string reversed(hex.rbegin(), hex.rend());
    constexpr std::size_t interface_nibbles = 16;
    if (digits.find(hex.substr(interface_nibbles)) != std::string::npos ||
        digits.find(reversed.substr(0, interface_nibbles)) != std::string::npos) {
        return true;
    }
    std::string text = client.to_string();
    std::ranges::replace(text, ':', '-');
    return name.find(text) != std::string_view::npos;
}

}  // namespace

bool is_this_host(const IpAddress& client) {
    static const IpAddress v6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    return client == IpAddress::v4({127, 0, 0, 1}) || client == v6;
}

bool looks_dynamic(std::string_view name, const IpAddress& client) {
    const std::string lowered = ascii::to_lower(name);
    const std::string_view whole = lowered;
    if (any_in(words_of(whole.substr(0, whole.find('.'))), mail_words)) return false;
    const std::vector<std::string_view> words = words_of(whole);
    if (any_in(words, static_words) || !says_customer(words)) return false;
    return client.is_v4() ? has_v4(whole, client) : has_v6(whole, client);
}

}  // namespace sluice::policy
