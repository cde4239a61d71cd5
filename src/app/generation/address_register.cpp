#include "app/generation/address_register.hpp"

#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "net/fd.hpp"
#include "net/unlinked_file.hpp"

namespace sluice::app {

namespace {

/// The largest files on sale have some hundred megabytes.
constexpr std::uint64_t file_octets_max = std::uint64_t{2} << 30;

[[noreturn]] void fail(const std::string& file, std::string_view why) {
    throw std::runtime_error(fmt::format("{}: {}", file, why));
}

[[noreturn]] void fail(const std::string& file, int error) {
    fail(file, std::generic_category().message(error));
}

/// Copies the whole file into memory.
net::Fd copy_of(const std::string& file) {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    const net::Fd source{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat status{};
    if (!source || ::fstat(source.get(), &status) != 0) fail(file, errno);
    if (!S_ISREG(status.st_mode)) fail(file, "not a regular file");
    net::Fd copy{::memfd_create("sluice-register", MFD_CLOEXEC)};
    if (!copy) fail(file, errno);
    std::vector<char> piece(std::size_t{1} << 18);
    std::uint64_t octets = 0;
    while (true) {
        const ssize_t got = ::read(source.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(file, errno);
        if (got == 0 && octets == 0) fail(file, "empty");
        if (got == 0) return copy;
        octets += static_cast<std::uint64_t>(got);
        if (octets > file_octets_max) fail(file, "larger than 2 GiB");
        if (!net::write_all(copy.get(), {piece.data(), static_cast<std::size_t>(got)})) fail(file, errno);
    }
}

std::optional<std::uint32_t> asn_in(MMDB_entry_s entry) {
    MMDB_entry_data_s value{};
    const int status = MMDB_get_value(&entry, &value, "autonomous_system_number", nullptr);
    if (status != MMDB_SUCCESS || !value.has_data) return std::nullopt;
    std::uint32_t number = 0;
    if (value.type == MMDB_DATA_TYPE_UINT32) number = value.uint32;
    if (value.type == MMDB_DATA_TYPE_UINT16) number = value.uint16;
    return number == 0 ? std::nullopt : std::optional(number);
}

std::optional<policy::CountryCode> country_in(MMDB_entry_s entry) {
    MMDB_entry_data_s value{};
    const int status = MMDB_get_value(&entry, &value, "country", "iso_code", nullptr);
    if (status != MMDB_SUCCESS || !value.has_data || value.type != MMDB_DATA_TYPE_UTF8_STRING)
        return std::nullopt;
    return policy::country_code({value.utf8_string, value.data_size});
}

std::optional<MMDB_entry_s> entry_of(const MMDB_s& opened, const IpAddress& address) {
    sockaddr_storage storage{};
    const auto& octets = address.octets();
    if (address.is_v4()) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, octets.data(), sizeof v4.sin_addr);
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
        v6.sin6_family = AF_INET6;
        std::memcpy(&v6.sin6_addr, octets.data(), sizeof v6.sin6_addr);
    }
    int error = MMDB_SUCCESS;
    const MMDB_lookup_result_s found =
        MMDB_lookup_sockaddr(&opened, reinterpret_cast<const sockaddr*>(&storage), &error);
    if (error != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
    return found.entry;
}

/// Whether one of the first records in the tree has the expected content. The type that the file declares is
/// less reliable: each publisher uses names of its own.
bool holds_what_it_should(const MMDB_s& opened, AddressRegister::Holds holds) {
    const auto tells = [holds](const MMDB_entry_s& entry) {
        return holds == AddressRegister::Holds::asns ? asn_in(entry).has_value()
                                                     : country_in(entry).has_value();
    };
    constexpr int looked_at_max = 100'000;  // a damaged tree may have cycles
    std::vector<std::uint32_t> nodes{0};
    for (int looked_at = 0; looked_at < looked_at_max && !nodes.empty(); ++looked_at) {
        MMDB_search_node_s node{};
        const std::uint32_t number = nodes.back();
        nodes.pop_back();
        if (MMDB_read_node(&opened, number, &node) != MMDB_SUCCESS) continue;
        if (node.left_record_type == MMDB_RECORD_TYPE_DATA && tells(node.left_record_entry)) return true;
        if (node.right_record_type == MMDB_RECORD_TYPE_DATA && tells(node.right_record_entry)) return true;
        // The left child comes next: that is IPv4, where most records are.
        if (node.right_record_type == MMDB_RECORD_TYPE_SEARCH_NODE)
            nodes.push_back(static_cast<std::uint32_t>(node.right_record));
        if (node.left_record_type == MMDB_RECORD_TYPE_SEARCH_NODE)
            nodes.push_back(static_cast<std::uint32_t>(node.left_record));
    }
    return false;
}

}  // namespace

AddressRegister::AddressRegister(const std::string& file, Holds holds) {
    const net::Fd copy = copy_of(file);
    auto opened = std::make_unique<MMDB_s>();
    const std::string path = fmt::format("/proc/self/fd/{}", copy.get());
    const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, opened.get());
    if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR)
        fail(file,
             fmt::format("its copy, {}, cannot be mapped: {}", path, std::generic_category().message(errno)));
    if (status != MMDB_SUCCESS) fail(file, fmt::format("no MaxMind DB file: {}", MMDB_strerror(status)));
    opened_.reset(opened.release());
    if (!holds_what_it_should(*opened_, holds))
        fail(file,
             fmt::format("holds no {} (it is a {})", holds == Holds::asns ? "AS numbers" : "country codes",
                         opened_->metadata.database_type));
}

std::optional<std::uint32_t> AddressRegister::asn(const IpAddress& address) const {
    const auto entry = entry_of(*opened_, address);
    return entry ? asn_in(*entry) : std::nullopt;
}

std::optional<policy::CountryCode> AddressRegister::country(const IpAddress& address) const {
    const auto entry = entry_of(*opened_, address);
    return entry ? country_in(*entry) : std::nullopt;
}

void AddressRegister::Closer::operator()(MMDB_s* opened) const {
    MMDB_close(opened);
    delete opened;
}

}  // namespace sluice::app
