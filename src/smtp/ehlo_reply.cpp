#include "smtp/ehlo_reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "smtp/parameter_text.hpp"

namespace sluice::smtp {

namespace {

std::string_view cut(std::string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view part = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return part;
}

std::uint64_t size_limit(std::string_view text) {
    std::uint64_t octets = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), octets);
    return error == std::errc{} && end == text.data() + text.size() ? octets : 0;
}

std::optional<Extension> extension_of_parameter(std::string_view keyword) {
    static constexpr std::array<std::pair<std::string_view, Extension>, 9> table{{
        {"SIZE", Extension::size},
        {"BODY", Extension::eight_bit_mime},
        {"SMTPUTF8", Extension::smtputf8},
        {"RET", Extension::dsn},
        {"ENVID", Extension::dsn},
        {"NOTIFY", Extension::dsn},
        {"ORCPT", Extension::dsn},
        {"REQUIRETLS", Extension::requiretls},
        {"AUTH", Extension::auth},
    }};
    for (const auto& [name, extension] : table) {
        if (ascii::equal(name, keyword)) return extension;
    }
    return std::nullopt;
}

/// Whether a parameter of the extension may be left out without refusing the message. SIZE, BODY and AUTH ask
/// for nothing, and Postfix takes them whatever it has offered.
bool may_be_dropped(Extension extension) {
    return extension == Extension::size || extension == Extension::eight_bit_mime ||
           extension == Extension::auth || extension == Extension::dsn;
}

}  // namespace

EhloReply parse_ehlo_reply(std::string_view text) {
    EhloReply ehlo;
    std::string_view first = cut(text, '\n');
    ehlo.host = cut(first, ' ');
    while (!text.empty()) {
        std::string_view arguments = cut(text, '\n');
        const std::string_view keyword = cut(arguments, ' ');
        const auto extension = extension_named(keyword);
        if (!extension) continue;
        ehlo.offer.add(*extension);
        if (*extension == Extension::size) ehlo.offer.set_size_max(size_limit(arguments));
        if (*extension == Extension::xclient) ehlo.xclient = arguments;
        if (*extension == Extension::auth) ehlo.auth = arguments;
    }
    return ehlo;
}

bool append_parameters(std::string_view parameters, const Offer& offer, std::string& out) {
    while (!parameters.empty()) {
        const std::string_view parameter = cut(parameters, ' ');
        if (parameter.empty()) continue;
        const auto extension = extension_of_parameter(parameter.substr(0, parameter.find('=')));
        if (extension && !offer.has(*extension)) {
            if (may_be_dropped(*extension)) continue;
            return false;
        }
        if (!append_parameter(parameter, out)) return false;
    }
    return true;
}

}  // namespace sluice::smtp
