#include "smtp/parameters.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/ascii.hpp"
#include "base/decimal.hpp"
#include "smtp/words.hpp"

namespace sluice::smtp {

namespace {

constexpr std::size_t size_digits_max = 20;    // RFC 1870 3
constexpr std::size_t envid_octets_max = 100;  // RFC 3461 4.4
constexpr std::size_t orcpt_octets_max = 500;  // RFC 3461 4.2
constexpr std::size_t auth_octets_max = 500;   // RFC 4954 3
constexpr auto npos = std::string_view::npos;

/// The input and the results of the checks of one command.
struct Learnt {
    MailParameters mail;
    bool smtputf8 = false;  // of the transaction that a RCPT belongs to
};

enum class Worth : std::uint8_t { carried, dropped, bad };

/// The treatment of a parameter whose extension was not offered.
enum class Unoffered : std::uint8_t { refused, read, dropped };

/// One parameter. `judge` gets its value, which is not empty; a parameter without a value gives it an empty
/// one.
struct Row {
    std::string_view keyword;
    Extension extension;
    bool has_value;
    Unoffered unoffered;
    Worth (*judge)(std::string_view value, Learnt& learnt);
};

Worth carried_if(bool good) {
    return good ? Worth::carried : Worth::bad;
}

/// Whether the text is xtext (RFC 3461 4). A "=" may stand for itself: senders forget to encode it, and
/// Postfix accepts it.
bool is_readable_xtext(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!ascii::is_graphic(text[i])) return false;
        if (text[i] != '+') continue;
        if (ascii::hex_octet(text.substr(i + 1, 2)) < 0) return false;
        i += 2;
    }
    return true;
}

Worth judge_size(std::string_view value, Learnt& learnt) {
    if (value.size() > size_digits_max || !std::ranges::all_of(value, ascii::is_digit)) return Worth::bad;
    // Twenty digits that do not fit into 64 bits are still a size, and one that is too large for anybody.
    learnt.mail.size = parse_decimal<std::uint64_t>(value).value_or(UINT64_MAX);
    return Worth::carried;
}

Worth judge_body(std::string_view value, Learnt& /*learnt*/) {
    return carried_if(ascii::equal(value, "7BIT") || ascii::equal(value, "8BITMIME"));
}

Worth judge_smtputf8(std::string_view /*value*/, Learnt& learnt) {
    learnt.mail.smtputf8 = true;
    return Worth::carried;
}

Worth judge_ret(std::string_view value, Learnt& /*learnt*/) {
    return carried_if(ascii::equal(value, "FULL") || ascii::equal(value, "HDRS"));
}

Worth judge_envid(std::string_view value, Learnt& /*learnt*/) {
    if (!is_readable_xtext(value)) return Worth::bad;
    return value.size() <= envid_octets_max ? Worth::carried : Worth::dropped;
}

Worth judge_notify(std::string_view value, Learnt& /*learnt*/) {
    if (ascii::equal(value, "NEVER")) return Worth::carried;
    for (;;) {
        const std::size_t comma = value.find(',');
        const std::string_view word = value.substr(0, comma);
        if (!ascii::equal(word, "SUCCESS") && !ascii::equal(word, "FAILURE") &&
            !ascii::equal(word, "DELAY")) {
            return Worth::bad;
        }
        if (comma == npos) return Worth::carried;
        value.remove_prefix(comma + 1);
    }
}

/// Whether the text is utf-8-addr-unitext (RFC 6533 3): octets outside US-ASCII stand for themselves, the
/// others are xtext.
bool is_readable_unitext(std::string_view text) {
    while (!text.empty()) {
        const auto* const stop = std::ranges::find_if(text, ascii::is_eight_bit);
        const auto ascii_octets = static_cast<std::size_t>(stop - text.begin());
        if (!is_readable_xtext(text.substr(0, ascii_octets))) return false;
        text.remove_prefix(std::min(ascii_octets + 1, text.size()));
    }
    return true;
}

Worth judge_orcpt(std::string_view value, Learnt& learnt) {
    const std::size_t semicolon = value.find(';');
    if (semicolon == npos || semicolon == 0) return Worth::bad;
    const std::string_view type = value.substr(0, semicolon);
    const std::string_view address = value.substr(semicolon + 1);
    if (!std::ranges::all_of(type, [](char c) { return ascii::is_alnum(c) || c == '-'; })) return Worth::bad;
    const bool unitext = learnt.smtputf8 && ascii::equal(type, "utf-8");
    if (!(unitext ? is_readable_unitext(address) : is_readable_xtext(address))) return Worth::bad;
    // An empty address, which Postfix accepts, names nobody.
    return address.empty() || value.size() > orcpt_octets_max ? Worth::dropped : Worth::carried;
}

/// AUTH names the submitter of the message, in xtext, or "<>" (RFC 4954 5).
Worth judge_auth(std::string_view value, Learnt& /*learnt*/) {
    if (!is_readable_xtext(value)) return Worth::bad;
    return value.size() <= auth_octets_max ? Worth::carried : Worth::dropped;
}

/// REQUIRETLS is enforced where the mail is carried on: it needs an MTA connection that offers it.
Worth judge_requiretls(std::string_view /*value*/, Learnt& /*learnt*/) {
    return Worth::carried;
}

constexpr Row mail_rows[] = {
    {"SIZE", Extension::size, true, Unoffered::read, judge_size},
    {"BODY", Extension::eight_bit_mime, true, Unoffered::read, judge_body},
    {"SMTPUTF8", Extension::smtputf8, false, Unoffered::refused, judge_smtputf8},
    {"RET", Extension::dsn, true, Unoffered::refused, judge_ret},
    {"ENVID", Extension::dsn, true, Unoffered::refused, judge_envid},
    {"REQUIRETLS", Extension::requiretls, false, Unoffered::refused, judge_requiretls},
    {"AUTH", Extension::auth, true, Unoffered::dropped, judge_auth},
};

constexpr Row rcpt_rows[] = {
    {"NOTIFY", Extension::dsn, true, Unoffered::refused, judge_notify},
    {"ORCPT", Extension::dsn, true, Unoffered::refused, judge_orcpt},
};

bool is_keyword(std::string_view keyword) {
    return !keyword.empty() && ascii::is_alnum(keyword.front()) &&
           std::ranges::all_of(keyword, [](char c) { return ascii::is_alnum(c) || c == '-'; });
}

/// Parses the parameters and returns those that are to be carried on.
std::expected<std::string, ParameterError> read(std::string_view text, std::span<const Row> rows,
                                                const Offer& offered, Learnt& learnt) {
    std::string carried;
    unsigned seen = 0;  // one bit per row
    for (text = skip_blanks(text); !text.empty(); text = skip_blanks(text)) {
        const std::string_view parameter = first_word(text);
        text.remove_prefix(parameter.size());
        const std::size_t equals = parameter.find('=');
        const std::string_view keyword = parameter.substr(0, equals);
        if (!is_keyword(keyword)) return std::unexpected(ParameterError::bad);

        const auto row = std::ranges::find_if(
            rows, [keyword](const Row& candidate) { return ascii::equal(candidate.keyword, keyword); });
        const bool is_offered = row != rows.end() && offered.has(row->extension);
        if (row == rows.end() || (!is_offered && row->unoffered == Unoffered::refused)) {
            return std::unexpected(ParameterError::unsupported);
        }
        const unsigned bit = 1U << static_cast<unsigned>(row - rows.begin());
        if ((seen & bit) != 0) return std::unexpected(ParameterError::repeated);
        seen |= bit;

        const std::string_view value = equals == npos ? std::string_view() : parameter.substr(equals + 1);
        const bool well_formed = row->has_value ? !value.empty() : equals == npos;
        if (!well_formed) return std::unexpected(ParameterError::bad);
        if (!is_offered && row->unoffered == Unoffered::dropped) continue;
        const Worth worth = row->judge(value, learnt);
        if (worth == Worth::bad) return std::unexpected(ParameterError::bad);
        if (worth == Worth::dropped) continue;
        if (!carried.empty()) carried += ' ';
        carried += parameter;
    }
    return carried;
}

}  // namespace

std::expected<MailParameters, ParameterError> read_mail_parameters(std::string_view text,
                                                                   const Offer& offered) {
    Learnt learnt;
    auto carried = read(text, mail_rows, offered, learnt);
    if (!carried) return std::unexpected(carried.error());
    learnt.mail.carried = *std::move(carried);
    return std::move(learnt.mail);
}

std::expected<std::string, ParameterError> read_rcpt_parameters(std::string_view text, const Offer& offered,
                                                                bool smtputf8) {
    Learnt learnt;
    learnt.smtputf8 = smtputf8;
    return read(text, rcpt_rows, offered, learnt);
}

}  // namespace sluice::smtp
