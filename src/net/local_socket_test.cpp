#include "net/local_socket.hpp"

#include <unistd.h>

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "net/socket.hpp"

namespace sluice::net {
namespace {

class LocalSocket : public testing::Test {
  protected:
    LocalSocket() {
        std::string pattern = std::filesystem::temp_directory_path() / "sluice-local-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~LocalSocket() override { std::filesystem::remove_all(directory_); }

    std::string path_of(std::size_t octets) const {
        const std::string start = directory_ + "/";
        return start + std::string(octets - start.size(), 's');
    }

  private:
    std::string directory_;
};

TEST_F(LocalSocket, WhoConnectsIsKnown) {
    const auto listener = listen_local(path_of(60), 0600, 1);
    ASSERT_TRUE(listener);
    EXPECT_FALSE(accept_local(listener->get()).fd);
    ASSERT_TRUE(connect_to({.tcp = {}, .path = path_of(60)}));
    const LocalAccepted accepted = accept_local(listener->get());
    ASSERT_TRUE(accepted.fd);
    EXPECT_EQ(accepted.peer.process, ::getpid());
    EXPECT_EQ(accepted.peer.user, ::geteuid());
}

TEST_F(LocalSocket, APathIsAsLongAsTheKernelTakesIt) {
    const std::string longest = path_of(local_path_octets_max);
    const auto listener = listen_local(longest, 0600, 1);
    ASSERT_TRUE(listener) << listener.error().message();
    const auto client = connect_to({.tcp = {}, .path = longest});
    ASSERT_TRUE(client);
    EXPECT_TRUE(accept_local(listener->get()).fd);

    const std::string longer = path_of(local_path_octets_max + 1);
    const auto refused = listen_local(longer, 0600, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::errc::filename_too_long);
    EXPECT_FALSE(std::filesystem::exists(longer));
}

}  // namespace
}  // namespace sluice::net
