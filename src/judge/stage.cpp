#include "judge/stage.hpp"

#include <array>

namespace sluice::judge {

std::string_view name_of(Stage stage) {
    static constexpr std::array<std::string_view, stages> names{"connect", "greeting", "helo",   "mail",
                                                                "rcpt",    "data",     "message"};
    return names.at(static_cast<std::size_t>(stage));
}

}  // namespace sluice::judge
