// One record of the memory, and what each operation does to it. Pure: this is what both ways of keeping
// records are held to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "store/operation.hpp"

namespace sluice::store {

/// Milliseconds of UTC since 1970: records outlive processes and machines. A clock that steps back makes
/// nothing younger than it was.
using WallMillis = std::int64_t;

struct Value {
    std::string text;
    bool operator==(const Value&) const = default;
};

struct Evidence {
    double good = 0;  // as of `changed`
    double bad = 0;
    Seconds half_life{0};
    bool operator==(const Evidence&) const = default;
};

/// A sliding window in two halves, as policy::ClientCounts: what lies back less than half a window is
/// counted, what lies back more than a whole one is not.
struct Window {
    Counts current{};
    Counts previous{};
    Seconds length{0};
    WallMillis half_started = 0;
    bool operator==(const Window&) const = default;
};

struct Record {
    WallMillis made = 0;
    WallMillis changed = 0;
    WallMillis expires = 0;  // 0 = never
    std::variant<Value, Evidence, Window> content;

    bool expired(WallMillis now) const { return expires != 0 && now >= expires; }
    bool operator==(const Record&) const = default;
};

/// Does what `operation` says to `record`, which is empty when there is none, and becomes empty when it is
/// erased. An expired record is none. Not for hold and list.
Outcome apply(const Operation& operation, std::optional<Record>& record, WallMillis now);

/// Would apply() leave the record as it is?
bool only_looks(const Operation& operation);

/// The record as a list shows it.
Outcome describe(std::string_view key, const Record& record, WallMillis now);

/// How much would be lost with this record: where there are too many, the one worth least goes. Evidence and
/// counts are worth what they amount to, so that a flood of strangers pushes out strangers; a value, the
/// longer it was meant to last the more.
double worth(const Record& record, WallMillis now);

/// As octets in a file; not portable between machines of different byte order.
std::string encode(const Record& record);
/// Nothing when these are not the octets of a record.
std::optional<Record> decode_record(std::string_view octets);

}  // namespace sluice::store
