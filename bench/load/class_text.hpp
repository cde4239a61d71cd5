// A class of clients as one word of the command line: "name=bots,kind=bot,clients=200,sources=127.3.0.0/16".
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "load/options.hpp"

namespace load {

/// Every key is optional except `kind`; `name` defaults to the kind's. The error says which part is wrong.
std::expected<ClassOptions, std::string> parse_class(std::string_view text);

/// The keys, for --help.
std::string class_keys();

}  // namespace load
