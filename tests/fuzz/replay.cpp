// Runs a fuzz target once over every input it is given: the files of the folders named on the command line.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

namespace {

void replay(const std::filesystem::path& input) {
    std::ifstream file(input, std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(file), {}};
    // A failing input aborts: this line then shows which one it was.
    fmt::print("{}\n", input.string());
    (void)std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t inputs = 0;
    for (int i = 1; i < count; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
            replay(entry.path());
            ++inputs;
        }
    }
    if (inputs == 0) {
        fmt::print(stderr, "replay: no inputs\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
