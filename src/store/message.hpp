// The messages between a worker and the store process: questions, and answers with the question's number, one
// frame each, over a stream socket. Numbers are in the byte order of this machine (store/octets.hpp): both
// ends are one program.
//
//     frame  = length (32 bits, of the rest), number (32), body
//     number = 0 where no answer is wanted, and in a message without a question: acts have changed; or, if
//              not done, another store process takes over: connect to it, and read outstanding answers here
//
// Pure. A malformed frame ends the connection; neither side trusts the other's lengths.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/operation.hpp"

namespace sluice::store {

inline constexpr std::size_t frame_octets_max = 131'072;
inline constexpr std::size_t why_octets_max = 1024;

struct Query {
    std::uint32_t number = 0;  // chosen by the side that asks
    Operations operations;
    bool operator==(const Query&) const = default;
};

struct Response {
    std::uint32_t number = 0;
    bool done = false;       // false: it could not be done, `why` says why, and there are no outcomes
    std::uint64_t acts = 0;  // differs from the last one when an operator's act has changed
    Outcomes outcomes;
    std::string why = {};
    bool operator==(const Response&) const = default;
};

void append_query(std::string& out, std::uint32_t number, std::span<const Operation> operations);
/// A `why` that is longer than why_octets_max is cut.
void append_response(std::string& out, const Response& response);

/// The first frame of `input`; once it is whole, it is removed from the front of `input`.
struct Frame {
    enum class Status : std::uint8_t { more, whole, bad };
    Status status = Status::more;
    std::string_view body;  // includes the number; refers to the input
};
Frame take_frame(std::string_view& input);

/// True: within the bounds of a query. Numbers from a worker that a stranger has taken over must not spoil
/// what other workers rely on.
bool acceptable(const Operation& operation);

/// Nothing = not a query; so is one with a key or value that is too long, or with more than operations_max
/// operations.
std::optional<Query> decode_query(std::string_view body);
std::optional<Response> decode_response(std::string_view body);

}  // namespace sluice::store
