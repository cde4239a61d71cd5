#include "smtp/parameters.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/ascii.hpp"
#include "base/decimal.hpp"
#include "base/xtext.hpp"

namespace sluice::smtp {

namespace {

constexpr std::size_t size_digits_max = 20;    // RFC 1870 3
constexpr std::size_t envid_octets_max = 100;  // RFC 3461 4.4
constexpr std::size_t orcpt_octets_max = 500;  // RFC 3461 4.2
constexpr auto npos = std::string_view::npos;

/// What the checks of one command have learnt and are told.
struct Learnt {
    MailParameters mail;
    bool smtputf8 = false;  // of the transaction a RCPT belongs to
};

/// One parameter. `check` gets its value (empty for none; `has_value` false where there was no '=').
struct Row {
    std::string_view keyword;
    Extension extension;
    bool has_value;
    bool (*check)(std::string_view value, Learnt& learnt);
};

bool check_size(std::string_view value, Learnt& learnt) {
    if (value.size() > size_digits_max || !std::ranges::all_of(value, ascii::is_digit)) return false;
    // Twenty digits that do not fit 64 bits are a size all the same, and too big for anybody.
    learnt.mail.size = parse_decimal<std::uint64_t>(value).value_or(UINT64_MAX);
    return true;
}

bool check_body(std::string_view value, Learnt& /*learnt*/) {
    return ascii::equal(value, "7BIT") || ascii::equal(value, "8BITMIME");
}

bool check_smtputf8(std::string_view /*value*/, Learnt& learnt) {
    learnt.mail.smtputf8 = true;
    return true;
}

bool check_ret(std::string_view value, Learnt& /*learnt*/) {
    return ascii::equal(value, "FULL") || ascii::equal(value, "HDRS");
}

bool check_envid(std::string_view value, Learnt& /*learnt*/) {
    return value.size() <= envid_octets_max && is_xtext(value);
}

bool check_notify(std::string_view value, Learnt& /*learnt*/) {
    if (ascii::equal(value, "NEVER")) return true;
    for (;;) {
        const std::size_t comma = value.find(',');
        const std::string_view word = value.substr(0, comma);
        if (!ascii::equal(word, "SUCCESS") && !ascii::equal(word, "FAILURE") &&
            !ascii::equal(word, "DELAY")) {
            return false;
        }
        if (comma == npos) return true;
        value.remove_prefix(comma + 1);
    }
}

bool check_orcpt(std::string_view value, Learnt& learnt) {
    const std::size_t semicolon = value.find(';');
    if (semicolon == npos || semicolon == 0 || value.size() > orcpt_octets_max) return false;
    const std::string_view type = value.substr(0, semicolon);
    const std::string_view address = value.substr(semicolon + 1);
    if (!std::ranges::all_of(type, [](char c) { return ascii::is_alnum(c) || c == '-'; })) return false;
    if (learnt.smtputf8 && ascii::equal(type, "utf-8")) {
        // utf-8-addr-unitext: octets beyond US-ASCII stand for themselves, the others are xtext.
        std::string_view rest = address;
        while (!rest.empty()) {
            const auto* const stop = std::ranges::find_if(rest, ascii::is_eight_bit);
            const auto ascii_octets = static_cast<std::size_t>(stop - rest.begin());
            if (!is_xtext(rest.substr(0, ascii_octets))) return false;
            rest.remove_prefix(std::min(ascii_octets + 1, rest.size()));
        }
        return !address.empty();
    }
    return !address.empty() && is_xtext(address);
}

/// Who submitted the message, in xtext, or "<>" (RFC 4954 5).
bool check_auth(std::string_view value, Learnt& /*learnt*/) {
    return value == "<>" || is_xtext(value);
}

/// What it asks for is seen to by whom it is carried to: an MTA connection that offers it.
bool check_requiretls(std::string_view /*value*/, Learnt& /*learnt*/) {
    return true;
}

constexpr Row mail_rows[] = {
    {"SIZE", Extension::size, true, check_size},
    {"BODY", Extension::eight_bit_mime, true, check_body},
    {"SMTPUTF8", Extension::smtputf8, false, check_smtputf8},
    {"RET", Extension::dsn, true, check_ret},
    {"ENVID", Extension::dsn, true, check_envid},
    {"REQUIRETLS", Extension::requiretls, false, check_requiretls},
    {"AUTH", Extension::auth, true, check_auth},
};

constexpr Row rcpt_rows[] = {
    {"NOTIFY", Extension::dsn, true, check_notify},
    {"ORCPT", Extension::dsn, true, check_orcpt},
};

bool is_keyword(std::string_view keyword) {
    return !keyword.empty() && ascii::is_alnum(keyword.front()) &&
           std::ranges::all_of(keyword, [](char c) { return ascii::is_alnum(c) || c == '-'; });
}

std::expected<void, ParameterError> check(std::string_view text, std::span<const Row> rows,
                                          const Offer& offered, Learnt& learnt) {
    unsigned seen = 0;  // one bit a row
    for (text = ascii::skip_spaces(text); !text.empty(); text = ascii::skip_spaces(text)) {
        const std::string_view parameter = text.substr(0, text.find(' '));
        text.remove_prefix(parameter.size());
        const std::size_t equals = parameter.find('=');
        const std::string_view keyword = parameter.substr(0, equals);
        if (!is_keyword(keyword)) return std::unexpected(ParameterError::bad);

        const auto row = std::ranges::find_if(
            rows, [keyword](const Row& candidate) { return ascii::equal(candidate.keyword, keyword); });
        if (row == rows.end() || !offered.has(row->extension)) {
            return std::unexpected(ParameterError::unsupported);
        }
        const unsigned bit = 1U << static_cast<unsigned>(row - rows.begin());
        if ((seen & bit) != 0) return std::unexpected(ParameterError::repeated);
        seen |= bit;

        const std::string_view value = equals == npos ? std::string_view() : parameter.substr(equals + 1);
        const bool well_formed = row->has_value ? !value.empty() : equals == npos;
        if (!well_formed || !row->check(value, learnt)) return std::unexpected(ParameterError::bad);
    }
    return {};
}

}  // namespace

std::expected<MailParameters, ParameterError> check_mail_parameters(std::string_view text,
                                                                    const Offer& offered) {
    Learnt learnt;
    if (const auto checked = check(text, mail_rows, offered, learnt); !checked) {
        return std::unexpected(checked.error());
    }
    return learnt.mail;
}

std::expected<void, ParameterError> check_rcpt_parameters(std::string_view text, const Offer& offered,
                                                          bool smtputf8) {
    Learnt learnt;
    learnt.smtputf8 = smtputf8;
    return check(text, rcpt_rows, offered, learnt);
}

}  // namespace sluice::smtp
