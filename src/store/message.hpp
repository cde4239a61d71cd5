// What a worker and the store process say to each other: questions, and answers with their number, one frame
// each, over a stream socket. Octets of this machine (store/octets.hpp): both ends are one program.
//
//     frame  = length (32 bits, of the rest), number (32), body
//     number = 0 where no answer is wanted, and in what is said without a question: acts have changed, or, if
//              not done, another store process takes over: go there, and hear here what was asked here
//
// Pure. A frame that is not what it should be ends the connection; neither side trusts the other's lengths.
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
    std::uint32_t number = 0;  // chosen by who asks
    Operations operations;
    bool operator==(const Query&) const = default;
};

struct Response {
    std::uint32_t number = 0;
    bool done = false;       // false: it could not be done, `why` says why not, and there are no outcomes
    std::uint64_t acts = 0;  // another number than last time: an act of the operator's has changed
    Outcomes outcomes;
    std::string why = {};
    bool operator==(const Response&) const = default;
};

void append_query(std::string& out, std::uint32_t number, std::span<const Operation> operations);
/// A `why` that is longer than why_octets_max is cut.
void append_response(std::string& out, const Response& response);

/// The first frame of `input`, dropped from its front once it is whole.
struct Frame {
    enum class Status : std::uint8_t { more, whole, bad };
    Status status = Status::more;
    std::string_view body;  // with the number; refers to the input
};
Frame take_frame(std::string_view& input);

/// Within the bounds of a query: numbers from a process that a stranger has taken over must not spoil what
/// others rely on.
bool acceptable(const Operation& operation);

/// Nothing = not a query; a key or value that is too long, or more operations than operations_max, is not.
std::optional<Query> decode_query(std::string_view body);
std::optional<Response> decode_response(std::string_view body);

}  // namespace sluice::store
