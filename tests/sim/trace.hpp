// What happened: always as a digest, by which two runs of a seed are compared, and as text when somebody
// wants to read it.
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
    /// `keep`: as text too. `agenda` must outlive this.
    Trace(const Agenda& agenda, bool keep) : agenda_(agenda), keep_(keep) {}

    /// Something moved on this link (0 = none): "C>", "C<", "M>", "M<" and octets, or a word and a reason.
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
