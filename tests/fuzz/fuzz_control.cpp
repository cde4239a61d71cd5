// Packets of the control socket, and those from a successor to its predecessor. Checked: a command is a whole
// word; a packet counts as done, up or a complaint only if it says so; what is written is read back with the
// same meaning, whatever the errors in it; and packets keep their bounds.
#include <algorithm>
#include <string>
#include <vector>

#include "app/process/packets.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"

namespace {

using namespace sluice;

void check_reading(std::string_view packet) {
    const auto command = app::read_command(packet);
    if (command) FUZZ_EXPECT(app::word_of(*command) == packet);

    const app::Answered answered = app::read_answer(packet);
    FUZZ_EXPECT(answered.done == packet.starts_with("done\n"));
    FUZZ_EXPECT(packet.ends_with(answered.lines));

    const auto said = app::read_successor(packet);
    if (said && said->up) FUZZ_EXPECT(packet == app::up_packet && said->complaint.empty());
    if (said && !said->up) FUZZ_EXPECT(packet.substr(1) == said->complaint);
}

void check_answer(const std::vector<std::string>& errors) {
    std::string lines;
    for (const std::string& error : errors)
        lines += error + '\n';
    const app::Answered answer = app::answer_of(errors);
    FUZZ_EXPECT(answer.done == errors.empty() && answer.lines == lines);
    const std::string packet = app::answer_packet(answer);
    FUZZ_EXPECT(packet.size() <= app::answer_octets_max);
    const app::Answered answered = app::read_answer(packet);
    FUZZ_EXPECT(answered.done == answer.done);
    // The lines that an operator asked for are carried in the same way as errors.
    const app::Answered shown{.done = true, .lines = lines};
    FUZZ_EXPECT(app::read_answer(app::answer_packet(shown)).done);
    if (packet.size() < app::answer_octets_max)
        FUZZ_EXPECT(answered.lines == lines);
    else
        FUZZ_EXPECT(lines.starts_with(answered.lines));
}

void check_complaint(std::string_view error) {
    const std::string packet = app::complaint_packet(error);
    FUZZ_EXPECT(packet.size() <= app::successor_octets_max);
    const auto said = app::read_successor(packet);
    FUZZ_EXPECT(said && !said->up && error.starts_with(said->complaint));
    FUZZ_EXPECT(said->complaint.size() == std::min(error.size(), app::successor_octets_max - 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view text = fuzz::as_text(octets, size);
    check_reading(text);
    // Repeats each error, so that an input of a few octets reaches the bounds.
    const std::size_t times = std::size_t{1} << (fuzz::take_octet(text) % 11);
    const unsigned seed = fuzz::take_octet(text);
    std::vector<std::string> errors;
    for (const std::string_view part : fuzz::cut(text.substr(0, 200), seed)) {
        std::string error;
        for (std::size_t i = 0; i < times; ++i)
            error += part;
        errors.push_back(std::move(error));
    }
    if (!errors.empty()) check_complaint(errors.front());
    check_answer(errors);
    return 0;
}
