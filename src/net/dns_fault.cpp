#include "net/dns_fault.hpp"

#include <utility>

namespace sluice::net {

namespace {

using Status = DnsAnswer::Status;

std::string_view name_of(DnsType type) {
    switch (type) {
        case DnsType::a: return "A";
        case DnsType::ptr: return "PTR";
        case DnsType::mx: return "MX";
        case DnsType::txt: return "TXT";
        case DnsType::aaaa: return "AAAA";
        case DnsType::tlsa: return "TLSA";
    }
    return "";
}

/// The line ends with the last server's answer; before it there may be words about what was tried.
Status read_reason(std::string_view reason) {
    constexpr std::string_view got = " got ";
    if (const auto at = reason.rfind(got); at != std::string_view::npos) {
        const std::string_view code = reason.substr(at + got.size());
        return code.starts_with("SERVFAIL") ? Status::servfail : Status::refused;
    }
    const auto says = [reason](std::string_view words) {
        return reason.find(words) != std::string_view::npos;
    };
    if (says("could not parse upstream response") || says("failed scrub")) return Status::malformed;
    if (says("upstream server timeout") || says("no server to query")) return Status::unreachable;
    return Status::servfail;
}

}  // namespace

std::optional<DnsFault> read_dns_fault(std::string_view line) {
    constexpr std::string_view begin = " error: SERVFAIL <";
    constexpr std::string_view end = ">: ";
    const auto at = line.find(begin);
    if (at == std::string_view::npos) return std::nullopt;
    line.remove_prefix(at + begin.size());
    const auto over = line.find(end);
    if (over == std::string_view::npos) return std::nullopt;
    const std::string_view reason = line.substr(over + end.size());
    if (reason.starts_with("SERVFAIL in cache")) return std::nullopt;
    return DnsFault{.question = line.substr(0, over), .status = read_reason(reason)};
}

std::string dns_question(std::string_view name, DnsType type) {
    std::string question(name);
    if (!question.ends_with('.')) question += '.';
    question += ' ';
    question += name_of(type);
    return question += " IN";
}

void RecentDnsFaults::note(const DnsFault& fault) {
    if (newer_.size() >= kept_max / 2) older_ = std::exchange(newer_, {});
    newer_.insert_or_assign(std::string(fault.question), fault.status);
}

Status RecentDnsFaults::of(const std::string& question) const {
    if (const auto found = newer_.find(question); found != newer_.end()) return found->second;
    const auto found = older_.find(question);
    return found == older_.end() ? Status::servfail : found->second;
}

}  // namespace sluice::net
