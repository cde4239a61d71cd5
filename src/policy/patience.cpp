#include "policy/patience.hpp"

#include <algorithm>
#include <array>

namespace sluice::policy {

namespace {

constexpr std::array<Sender, 22> table{{
    {"Postfix smtp(8)", "3.7.11", Counts::gap, {300, 300, 300, 300, 120, 600, 0}},
    {"Exim", "4.96", Counts::reply, {300, 300, 300, 300, 300, 600, 0}},
    {"sendmail", "8.17.1.9", Counts::gap, {300, 300, 600, -1, 300, -1, 120}},
    {"OpenSMTPD", "6.8.0p2", Counts::gap, {300, 300, 300, 300, 300, 300, 300}},
    {"Haraka", "3.3.4", Counts::gap, {30, 30, 30, 30, 30, 30, -1}},
    {"dma", "0.13", Counts::reply, {300, 300, 300, 300, 300, 300, 300}},
    {"nullmailer", "2.2", Counts::nothing, {-1, -1, -1, -1, -1, -1, 0}},
    {"ssmtp", "2.64", Counts::reply, {600, 300, 300, 300, 300, 600, -1}},
    {"nodemailer", "10.6.1", Counts::greeting_reply, {30, 600, 600, 600, 600, 600, 0}},
    {"emailjs", "5.0.3", Counts::gap, {5, 5, 5, 5, 5, 5, 5}},
    {"Python smtplib", "3.11.2", Counts::nothing, {-1, -1, -1, -1, -1, -1, -1}},
    {"aiosmtplib", "2.0.0", Counts::reply, {60, 60, 60, 60, 60, 60, 60}},
    {"Perl Net::SMTP", "3.14", Counts::gap, {120, 120, 120, 120, 120, 120, 120}},
    // PHPMailer waits without limit for a line that comes an octet at a time, but cuts a reply of several
    // lines.
    {"PHPMailer", "6.6.3", Counts::reply, {300, 300, 300, 300, 300, 600, 300}},
    {"Ruby net-smtp", "0.3.1", Counts::gap, {60, 60, 60, 60, 60, 60, 60}},
    {"Go net/smtp", "1.19.8", Counts::nothing, {-1, -1, -1, -1, -1, -1, -1}},
    {"Jakarta Mail", "2.0.0", Counts::nothing, {-1, -1, -1, -1, -1, -1, -1}},
    {"curl", "7.88.1", Counts::reply, {120, 120, 120, 120, 120, 120, 120}},
    {"msmtp", "1.8.23", Counts::nothing, {-1, -1, -1, -1, -1, -1, -1}},
    {"s-nail", "14.9.24", Counts::gap, {42, 42, 42, 44, 44, 44, 44}},
    {"sendEmail", "1.56", Counts::reply, {60, 60, 60, 60, 60, 60, 0}},
    {"swaks", "20201014.0", Counts::reply, {30, 30, 30, 30, 30, 30, 30}},
}};

}  // namespace

std::span<const Sender> known_senders() {
    return table;
}

const Sender* sender_lost_by(const Wait& wait) {
    const auto at = std::ranges::find_if(table, [&wait](const Sender& sender) {
        const auto patience = sender.patience(wait.what);
        return patience && (sender.counts_gaps(wait.what) ? wait.silence : wait.reply) >= *patience;
    });
    return at == table.end() ? nullptr : &*at;
}

}  // namespace sluice::policy
