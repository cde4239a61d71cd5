#include "relay/recollection.hpp"

namespace sluice::relay {

Recollection::~Recollection() {
    for (smtp::Question* const question : waiting_)
        drop(*question);
}

smtp::RecipientQuestion* Recollection::next() {
    if (waiting_.empty()) return nullptr;
    smtp::Question* const first = waiting_.front();
    waiting_.erase(waiting_.begin());
    return static_cast<smtp::RecipientQuestion*>(first);
}

}  // namespace sluice::relay
