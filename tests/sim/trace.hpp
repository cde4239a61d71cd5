// A record of what happened: always as a digest, to compare two runs of a seed, and on request also as text.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sim/agenda.hpp"

namespace sluice::sim {

class Trace {
  public:
    /// `keep`: keeps the text too. `agenda` must outlive this.
    Trace(const Agenda& agenda, bool keep) : agenda_(agenda), keep_(keep) {}

    /// Records that something moved on this link (0 = none): "C>", "C<", "M>", "M<" and octets, or a word and
    /// a reason.
    void note(unsigned link, std::string_view what, std::string_view octets);
    std::uint64_t digest() const { return digest_; }

    /// The last lines about a link; all of them for link 0.
    std::string last(unsigned link, std::size_t lines_max) const;

  private:
    struct Line {
        unsigned link;
        std::string text;
    };
    void mix(std::uint64_t word) {
        digest_ = (digest_ ^ word) * 0x9fb21c651e98df25U;
        digest_ ^= digest_ >> 29U;
    }

    const Agenda& agenda_;
    std::uint64_t digest_ = 0;
    bool keep_;
    std::vector<Line> lines_;
};

}  // namespace sluice::sim
