#include "front/hellos.hpp"

#include <algorithm>

namespace sluice::front {

const smtp::Hello& Hellos::of(const smtp::Offer& offer, std::string_view mechanisms) {
    if (!kept_.empty() && kept_.back().is_of(offer, mechanisms)) return *kept_.back().hello;
    const auto known =
        std::ranges::find_if(kept_, [&](const Kept& kept) { return kept.is_of(offer, mechanisms); });
    if (known != kept_.end()) {
        std::rotate(known, known + 1, kept_.end());
    } else {
        if (kept_.size() == kept_max) kept_.pop_front();
        kept_.push_back({.offer = offer,
                         .mechanisms = std::string(mechanisms),
                         .hello = smtp::Hello::make(options_, offer, mechanisms)});
    }
    return *kept_.back().hello;
}

}  // namespace sluice::front
