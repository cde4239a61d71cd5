#include "judge/check.hpp"

#include <array>

namespace sluice::judge {

std::span<const Check* const> catalogue() {
    static constexpr std::array rows{&unknown_recipients_check, &past_check,        &dns_lists_check,
                                     &client_name_check,        &helo_form_check,   &helo_name_check,
                                     &trap_recipient_check,     &null_sender_check, &greylist_check};
    return rows;
}

}  // namespace sluice::judge
