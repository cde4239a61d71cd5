#include "relay/received.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/ascii.hpp"

namespace sluice::relay {

namespace {

constexpr std::size_t name_octets_max = 255;

std::string harmless(std::string_view name) {
    std::string out(name.substr(0, name_octets_max));
    std::ranges::replace_if(
        out,
        [](char c) {
            return !ascii::is_alnum(c) && !ascii::is_eight_bit(c) &&
                   std::string_view("-._:[]").find(c) == std::string_view::npos;
        },
        '?');
    return out;
}

bool has_keyword(std::string_view parameters, std::string_view keyword) {
    while (!parameters.empty()) {
        const std::size_t space = std::min(parameters.find(' '), parameters.size());
        if (ascii::equal(parameters.substr(0, space), keyword)) return true;
        parameters.remove_prefix(std::min(space + 1, parameters.size()));
    }
    return false;
}

/// The date in the form of RFC 5322 3.3, in UTC.
std::string date(std::chrono::system_clock::time_point now) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                       days.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                       months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace

std::string received_header(const smtp::ClientIdentity& client, std::string_view sender_parameters,
                            std::string_view hostname, std::chrono::system_clock::time_point now) {
    const std::string address = (client.address.is_v4() ? "[" : "[IPv6:") + client.address.to_string() + "]";
    // RFC 3848, and RFC 6531 4.3 for UTF8SMTP and UTF8SMTPS.
    std::string_view protocol = client.tls ? "ESMTPS" : client.esmtp ? "ESMTP" : "SMTP";
    if (has_keyword(sender_parameters, "SMTPUTF8")) protocol = client.tls ? "UTF8SMTPS" : "UTF8SMTP";
    const std::string tls = client.tls
                                ? fmt::format("\r\n\t(using {} with cipher {} ({} bits))",
                                              client.tls->version, client.tls->cipher, client.tls->bits)
                                : std::string();
    return fmt::format("Received: from {} ({}{}{}){}\r\n\tby {} with {}; {}\r\n",
                       client.helo.empty() ? "unknown" : harmless(client.helo), harmless(client.name),
                       client.name.empty() ? "" : " ", address, tls, hostname, protocol, date(now));
}

bool wants_received_header(Carry carry, const smtp::ClientIdentity& client, const RelayOptions& options) {
    if (carry == Carry::xclient) return options.tls_received_header && client.tls;
    return carry == Carry::nothing;
}

}  // namespace sluice::relay
