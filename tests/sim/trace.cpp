#include "sim/trace.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace sluice::sim {

namespace {

constexpr std::size_t shown_octets_max = 160;

std::string printable(std::string_view octets) {
    std::string out;
    for (const char c : octets.substr(0, shown_octets_max)) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '\r') {
            out += "\\r";
        } else if (c == '\n') {
            out += "\\n";
        } else if (octet < 0x20 || octet >= 0x7f) {
            out += fmt::format("\\x{:02x}", octet);
        } else {
            out += c;
        }
    }
    if (octets.size() > shown_octets_max) out += fmt::format("… ({} octets)", octets.size());
    return out;
}

}  // namespace

void Trace::note(unsigned link, std::string_view what, std::string_view octets) {
    mix(static_cast<std::uint64_t>(agenda_.now().count()));
    mix(link);
    for (const std::string_view text : {what, octets}) {
        mix(text.size());
        for (std::size_t at = 0; at < text.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, text.size() - at));
            mix(word);
        }
    }
    if (!keep_) return;
    const double seconds = static_cast<double>(agenda_.now().count()) / 1e6;
    lines_.push_back(
        {link, fmt::format("{:12.6f} link {:<5} {} {}", seconds, link, what, printable(octets))});
}

std::string Trace::last(unsigned link, std::size_t lines_max) const {
    std::vector<const Line*> about;
    for (const Line& line : lines_)
        if (link == 0 || line.link == link || line.link == 0) about.push_back(&line);
    std::string out;
    const std::size_t from = about.size() - std::min(about.size(), lines_max);
    for (std::size_t i = from; i < about.size(); ++i)
        out += about[i]->text + "\n";
    return out;
}

}  // namespace sluice::sim
