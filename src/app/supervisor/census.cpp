#include "app/supervisor/census.hpp"

#include <limits>
#include <utility>

#include "app/worker/held_text.hpp"

namespace sluice::app {

void Census::ask(const std::vector<Crew*>& crews, Answer answer) {
    answers_.push_back(std::move(answer));
    if (answers_.size() > 1) return;
    sum_ = {};
    heard_ = 0;
    // Not finished early: some workers answer at once, before all have been asked.
    asked_ = std::numeric_limits<unsigned>::max();
    loop_.arm(*this, patience);
    unsigned asked = 1;  // counts the empty answer below, so that no worker's answer is the last one
    for (Crew* const crew : crews)
        asked += crew->list_sessions([this](std::string_view text) { heard(text); });
    asked_ = asked;
    heard(to_text({}));
}

/// A compromised worker can send any text. Its numbers are added up and decide nothing.
void Census::heard(std::string_view text) {
    if (answers_.empty()) return;
    ++heard_;
    if (const auto held = parse_held(text))
        add(sum_, *held);
    else
        ++sum_.silent_workers;
    if (heard_ == asked_) finish();
}

void Census::finish() {
    disarm();
    sum_.silent_workers += asked_ - heard_;
    const Answered answered{.done = true, .lines = to_text(sum_)};
    for (const Answer& answer : std::exchange(answers_, {}))
        answer(answered);
}

}  // namespace sluice::app
