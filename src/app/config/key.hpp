// A configuration key as a row of a table: its name, its allowed values, where the value goes, and a line for
// the reference. Reading, the bounds in error messages, the printed defaults and the reference manual all use
// the same row, so they cannot disagree.
//
// T is the type that the row writes into: Config for the file itself, or the struct that an element of a list
// of tables describes.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <type_traits>
#include <utility>
#include <variant>

#include "app/config/reading.hpp"
#include "base/time.hpp"

namespace sluice::app {

/// A whole number, or a duration with the unit that the key's name states.
template <class T>
struct IntegerKind {
    std::int64_t (*get)(T&);
    void (*set)(T&, std::int64_t);
    std::int64_t least;
    std::int64_t most;
    std::string_view why;   // the reason for a bound, for the message; may be empty
    bool zero_too = false;  // 0 is allowed although it is below `least`
};

template <class T>
struct BooleanKind {
    bool& (*at)(T&);
};

template <class T>
struct TextKind {
    std::string& (*at)(T&);
    std::string_view form;                     // for messages and the reference: "a host name"
    bool (*good)(std::string_view) = nullptr;  // null = any text
    std::string_view example = {};             // for messages; empty = the default
    /// Explains in a sentence why a text is not good. The text itself, which may hold a password, is then not
    /// repeated. Null = the message repeats the text and explains nothing further.
    std::string (*why)(std::string_view) = nullptr;
};

/// One of several words.
template <class T>
struct ChoiceKind {
    std::span<const std::string_view> names;
    std::size_t (*get)(T&);
    void (*set)(T&, std::size_t);
};

/// A list. Its value in the file replaces the default.
template <class T>
struct ListKind {
    std::string_view form;  // of an element, for the reference
    void (*clear)(T&);
    void (*add)(ConfigReading&, const toml::node& element, T&);  // reports errors itself
    std::string (*render)(T&) = nullptr;                         // the default as TOML; null = empty
    const char* example = nullptr;  // shown as a comment where the default is empty
};

/// A table whose keys the operator chooses.
template <class T>
struct TableKind {
    std::string_view form;                                         // of an entry, for the reference
    void (*read)(ConfigReading&, const toml::table& entries, T&);  // reports errors itself
};

/// A table of its own type, or a list of such tables, described by rows of another T.
template <class T>
struct Key {
    std::string_view name;  // including its section: "relay.pool.idle_max_s"
    std::variant<IntegerKind<T>, BooleanKind<T>, TextKind<T>, ChoiceKind<T>, ListKind<T>, TableKind<T>> kind;
    std::string_view doc;
};

// Functions that make rows. `Access` is a captureless lambda that returns a reference into T; the kinds keep
// plain function pointers made from its type.

template <class T, class Access>
IntegerKind<T> integer(Access, std::int64_t least, std::int64_t most, std::string_view why = {}) {
    using Field = std::remove_reference_t<std::invoke_result_t<Access, T&>>;
    static_assert(!std::is_same_v<Field, bool>);
    return {[](T& target) -> std::int64_t {
                if constexpr (std::is_integral_v<Field>)
                    return static_cast<std::int64_t>(Access{}(target));
                else
                    return Access{}(target).count();
            },
            [](T& target, std::int64_t value) {
                if constexpr (std::is_integral_v<Field>)
                    Access{}(target) = static_cast<Field>(value);
                else
                    Access{}(target) = Field{value};
            },
            least, most, why};
}

/// A duration stored in milliseconds and written in whole seconds.
template <class T, class Access>
IntegerKind<T> seconds(Access, std::int64_t least, std::int64_t most, std::string_view why = {}) {
    return {[](T& target) -> std::int64_t { return std::chrono::floor<Seconds>(Access{}(target)).count(); },
            [](T& target, std::int64_t value) { Access{}(target) = Seconds{value}; }, least, most, why};
}

template <class T>
IntegerKind<T> or_zero(IntegerKind<T> kind) {
    kind.zero_too = true;
    return kind;
}

template <class T, class Access>
ChoiceKind<T> choice(Access, std::span<const std::string_view> names) {
    using Field = std::remove_reference_t<std::invoke_result_t<Access, T&>>;
    static_assert(std::is_enum_v<Field>, "the names are in the order of the enumerators");
    return {names, [](T& target) { return static_cast<std::size_t>(Access{}(target)); },
            [](T& target, std::size_t index) { Access{}(target) = static_cast<Field>(index); }};
}

/// The bounds of a number as text: "1..1000", "at least 92", "0, or 1000..65536".
std::string bounds_text(std::int64_t least, std::int64_t most, bool zero_too);

/// A TOML basic string.
std::string toml_string(std::string_view text);

}  // namespace sluice::app
