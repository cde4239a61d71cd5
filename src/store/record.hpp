// One record of the memory, and what each operation does to it. Pure: every backing must behave like this.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "store/operation.hpp"

namespace sluice::store {

/// Milliseconds of UTC since 1970, because records outlive processes and machines. When the clock steps back,
/// no record becomes younger.
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

/// A sliding window in two halves, as policy::ClientCounts: events less than half a window ago are counted,
/// events more than a whole window ago are not.
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

/// Applies `operation` to `record`, which is empty when there is none, and becomes empty when it is erased.
/// An expired record counts as none. Not for hold and list.
Outcome apply(const Operation& operation, std::optional<Record>& record, WallMillis now);

/// True: apply() would leave the record as it is.
bool only_looks(const Operation& operation);

/// The record as a list shows it.
Outcome describe(std::string_view key, const Record& record, WallMillis now);

/// The loss that erasing this record would mean: where there are too many records, the one worth least goes.
/// Evidence and counts are worth what they amount to, so that a flood of strangers pushes out strangers; a
/// value is worth more the longer it was meant to last.
double worth(const Record& record, WallMillis now);

/// The record as octets for a file; not portable between machines of different byte order.
std::string encode(const Record& record);
/// Reads a record; nothing when the octets are not a record.
std::optional<Record> decode_record(std::string_view octets);

}  // namespace sluice::store
