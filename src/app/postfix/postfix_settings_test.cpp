#include "app/postfix/postfix_settings.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

// The output of Postfix 3.7.
constexpr std::string_view parameters =
    "mynetworks = 127.0.0.0/8 [::1]/128 10.0.0.0/8\n"
    "cleanup_service_name = cleanup\n"
    "in_flow_delay = 1s\n"
    "smtpd_upstream_proxy_protocol =\n";
constexpr std::string_view fields =
    "smtp/inet/service = smtp\n"
    "smtp/inet/type = inet\n"
    "smtp/inet/chroot = y\n"
    "smtp/inet/command = smtpd -v -o {smtpd_milters=inet:a:1, inet:b:2} -o content_filter=\n"
    "127.0.0.1:10025/inet/chroot = n\n"
    "127.0.0.1:10025/inet/command = smtpd -o cleanup_service_name=quick\n"
    "quick/unix/chroot = -\n"
    "quick/unix/command = cleanup -o in_flow_delay=0s\n"
    "cleanup/unix/chroot = y\n"
    "cleanup/unix/command = cleanup\n";
constexpr std::string_view options =
    "smtp/inet/content_filter =\n"
    "smtp/inet/smtpd_milters = inet:a:1, { inet:b:2, default_action = accept }\n"
    "127.0.0.1:10025/inet/cleanup_service_name = quick\n"
    "quick/unix/in_flow_delay = 0s\n";

PostfixSettings postfix() {
    return parse_postfix(parameters, fields, options);
}

TEST(PostfixSettings, AreReadFromPostconf) {
    const PostfixSettings settings = postfix();
    EXPECT_EQ(settings.parameter("mynetworks"), "127.0.0.0/8 [::1]/128 10.0.0.0/8");
    EXPECT_EQ(settings.parameter("smtpd_upstream_proxy_protocol"), "");
    EXPECT_EQ(settings.parameter("unknown"), "");
    ASSERT_EQ(settings.services.size(), 4U);
    const PostfixService* smtp = settings.service("smtp", "inet");
    ASSERT_NE(smtp, nullptr);
    EXPECT_EQ(smtp->command, "smtpd");
    EXPECT_EQ(smtp->chroot, "y");
    EXPECT_EQ(smtp->option("content_filter"), "");
    EXPECT_EQ(smtp->option("smtpd_milters"), "inet:a:1, { inet:b:2, default_action = accept }");
    EXPECT_EQ(smtp->option("mynetworks"), std::nullopt);
    EXPECT_EQ(settings.effective(*smtp, "mynetworks"), settings.parameter("mynetworks"));
    EXPECT_EQ(settings.service("smtp", "unix"), nullptr);
}

TEST(PostfixSettings, LinesThatAreNoneAreLeftOut) {
    const PostfixSettings settings =
        parse_postfix("= 1\nnonsense\n\na = b", "x = y\nx/y = z\n/a/b = c\n", "k");
    EXPECT_EQ(settings.parameters, (decltype(settings.parameters){{"a", "b"}}));
    EXPECT_LE(settings.services.size(), 1U);
}

TEST(PostfixSettings, APortHasTwoNames) {
    for (const char* name : {"smtp", "25", "192.0.2.1:smtp", "[::1]:25", "localhost:25"})
        EXPECT_EQ(service_port(name), "25") << name;
    EXPECT_EQ(service_port("127.0.0.1:10025"), "10025");
    EXPECT_EQ(service_port("submission"), "587");
    EXPECT_EQ(service_port("qmtp"), "qmtp");
}

TEST(PostfixSettings, TheServiceBehindAnAddressIsFound) {
    const PostfixSettings settings = parse_postfix(
        "",
        "smtp/inet/command = smtpd\n127.0.0.1:10025/inet/command = smtpd\n[::1]:10026/inet/command = smtpd\n"
        "localhost:10027/inet/command = smtpd\nsluice/unix/command = smtpd\n",
        "");
    const auto label = [&](const char* text) {
        const auto address = net::ServerAddress::parse(text);
        const PostfixService* service = address ? service_at(settings, *address) : nullptr;
        return service != nullptr ? service->label() : std::string("none");
    };
    EXPECT_EQ(label("192.0.2.1:25"), "smtp/inet");
    EXPECT_EQ(label("127.0.0.1:10025"), "127.0.0.1:10025/inet");
    EXPECT_EQ(label("127.0.0.2:10025"), "none");
    EXPECT_EQ(label("[::1]:10026"), "[::1]:10026/inet");
    EXPECT_EQ(label("127.0.0.1:10027"), "localhost:10027/inet");
    EXPECT_EQ(label("unix:/var/spool/postfix/public/sluice"), "sluice/unix");
    EXPECT_EQ(label("127.0.0.1:2526"), "none");
}

TEST(PostfixSettings, FlowControlIsThatOfTheListenersCleanup) {
    PostfixSettings settings = postfix();
    const PostfixService* smtp = settings.service("smtp", "inet");
    const PostfixService* quick = settings.service("127.0.0.1:10025", "inet");
    EXPECT_TRUE(brakes_verification(settings, *smtp));
    EXPECT_FALSE(brakes_verification(settings, *quick));
    for (const auto& [delay, brakes] : {std::pair("0", false),
                                        {"0s", false},
                                        {"00", false},
                                        {"", true},
                                        {"1", true},
                                        {"10", true},
                                        {"05s", true}}) {
        settings.parameters["in_flow_delay"] = delay;
        EXPECT_EQ(brakes_verification(settings, *smtp), brakes) << delay;
    }
    settings.parameters["in_flow_delay"] = "1s";
    settings.parameters["cleanup_service_name"] = "elsewhere";
    EXPECT_FALSE(brakes_verification(settings, *smtp)) << "nothing is known of it";
}

}  // namespace
}  // namespace sluice::app
