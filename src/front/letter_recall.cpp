#include "front/letter_recall.hpp"

#include <optional>
#include <utility>

#include "store/untold_operations.hpp"

namespace sluice::front {

LetterRecall::LetterRecall(store::State& state, const IpAddress& client, std::string_view letter, Done done)
    : done_(std::move(done)) {
    state.ask(*this, store::untold_letter(client, letter));
}

void LetterRecall::answered(const store::Outcomes* outcomes) {
    auto done = std::move(done_);
    std::optional<UntoldDelivery> before;
    if (outcomes != nullptr)
        if (const auto text = store::read_untold(*outcomes, UntoldDeliveries::life))
            before = parse_untold_delivery(*text);
    done(before ? &*before : nullptr);  // may destroy us
}

}  // namespace sluice::front
