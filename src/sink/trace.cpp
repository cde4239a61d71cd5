#include "sink/trace.hpp"

#include <ctime>
#include <fmt/format.h>

#include "base/ascii.hpp"

namespace sluice::sink {

namespace {

std::string cleaned(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (ascii::is_control(c)) c = '?';
    return out;
}

/// "Sat, 21 Nov 2026 01:02:03 +0000" (RFC 5322 3.3); not strftime, whose names follow the locale.
std::string date(std::chrono::system_clock::time_point time) {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    (void)::gmtime_r(&seconds, &utc);
    return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", days[utc.tm_wday], utc.tm_mday,
                       months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string trace_fields(const smtp::ClientIdentity& client, const smtp::Envelope& envelope,
                         std::string_view hostname, std::string_view id,
                         std::chrono::system_clock::time_point time) {
    std::string out = fmt::format("Return-Path: <{}>\n", cleaned(envelope.sender));
    for (const smtp::Recipient& recipient : envelope.recipients)
        out += fmt::format("X-Original-To: {}\n", cleaned(recipient.address));
    out += fmt::format("Received: from {} ({} [{}{}])\n\tby {} (Sluice sink) with {} id {};\n\t{}\n",
                       client.helo.empty() ? "unknown" : cleaned(client.helo),
                       client.name.empty() ? "unknown" : cleaned(client.name),
                       client.address.is_v4() ? "" : "IPv6:", client.address.to_string(), hostname,
                       client.esmtp ? "ESMTP" : "SMTP", id, date(time));
    return out;
}

}  // namespace sluice::sink
