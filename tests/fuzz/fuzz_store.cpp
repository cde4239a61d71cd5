// Messages between workers and the store process, and records as they are on disk. Checked: what is decoded
// is encoded to the same octets and keeps its bounds, however the octets are cut; and whatever operations a
// worker sends, records remain valid sums.
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "store/message.hpp"
#include "store/record.hpp"

namespace {

using namespace sluice;
using namespace sluice::store;

bool is_sum(double number) {
    return std::isfinite(number) && number >= 0;
}

void check_record(const Record& record) {
    const auto again = decode_record(encode(record));
    FUZZ_EXPECT(again && *again == record);
}

void check_query(const Query& query) {
    FUZZ_EXPECT(query.operations.size() <= operations_max);
    std::string again;
    append_query(again, query.number, query.operations);
    std::string_view input = again;
    FUZZ_EXPECT(decode_query(take_frame(input).body) == query);
    std::map<std::string, std::optional<Record>> records;
    WallMillis now = 1'700'000'000'000;
    for (const Operation& operation : query.operations) {
        FUZZ_EXPECT(operation.key.size() <= key_octets_max && operation.value.size() <= value_octets_max);
        auto& record = records[operation.key];
        const bool there = record.has_value();
        const Outcome outcome = apply(operation, record, now);
        FUZZ_EXPECT(is_sum(outcome.good) && is_sum(outcome.bad));
        FUZZ_EXPECT(!only_looks(operation) || there || !record);
        FUZZ_EXPECT(!record || std::isfinite(worth(*record, now)));
        if (record) check_record(*record);
        now += 1000;
    }
}

void check_response(const Response& response) {
    std::string again;
    append_response(again, response);
    std::string_view input = again;
    FUZZ_EXPECT(decode_response(take_frame(input).body) == response);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view input = fuzz::as_text(octets, size);
    if (const auto record = decode_record(input)) check_record(*record);
    Frame frame;
    while ((frame = take_frame(input)).status == Frame::Status::whole) {
        FUZZ_EXPECT(frame.body.size() <= frame_octets_max);
        if (const auto query = decode_query(frame.body)) check_query(*query);
        if (const auto response = decode_response(frame.body)) check_response(*response);
    }
    return 0;
}
