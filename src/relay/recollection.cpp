#include "relay/recollection.hpp"

namespace sluice::relay {

smtp::RecipientQuestion* Recollection::take() {
    if (waiting_.empty()) return nullptr;
    smtp::Question* const first = waiting_.front();
    waiting_.erase(waiting_.begin());
    first->pending = nullptr;
    return static_cast<smtp::RecipientQuestion*>(first);
}

void Recollection::abandon() {
    while (take() != nullptr) {
    }
}

}  // namespace sluice::relay
