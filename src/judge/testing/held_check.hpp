// A check that waits at MAIL, or at another stage, until the test answers it: all that a new check needs, a
// file and a row.
#pragma once

#include <memory>
#include <vector>

#include "judge/case.hpp"
#include "judge/inquiry.hpp"

namespace sluice::judge {

class HeldInquiry final : public Inquiry {
  public:
    HeldInquiry(Case& of, const Check& check) : Inquiry(of, check) { open().push_back(this); }
    ~HeldInquiry() override { std::erase(open(), this); }

    /// The inquiries that wait for the test, oldest first.
    static std::vector<HeldInquiry*>& open() {
        static std::vector<HeldInquiry*> inquiries;
        return inquiries;
    }

    void answer(int weight) {
        note({"held", "", "", weight});
        done();
    }

  private:
    void expire() override { note({"held", "", "no answer", 0}); }
};

inline Check held_check_at(Stage stage) {
    return {.stage = stage,
            .awaited = stage,
            .scope = policy::SignalScope::transaction,
            .source = policy::Source::dns,
            .wanted = [](const Case&) { return true; },
            .begin = ask<HeldInquiry>};
}

inline const Check held_check = held_check_at(Stage::mail);

/// The product's checks, and this one.
inline std::span<const Check* const> with_held_check() {
    static const std::vector<const Check*> rows = [] {
        std::vector<const Check*> all(catalogue().begin(), catalogue().end());
        all.push_back(&held_check);
        return all;
    }();
    return rows;
}

}  // namespace sluice::judge
