#include "app/postfix/postconf_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

PrivateListener listener() {
    PrivateListener made;
    made.smtpd = {.name = "127.0.0.1:10025",
                  .type = "inet",
                  .chroot = "n",
                  .processes = "60",
                  .command = "smtpd",
                  .options = {{"content_filter", ""}, {"smtpd_milters", "a:1, b:2"}}};
    made.cleanup = {.name = "sluice-cleanup", .type = "unix", .processes = "0", .command = "cleanup"};
    made.public_ones = {"smtp.inet"};
    return made;
}

TEST(PostconfCommands, ReplaceTwoEntriesAsAWhole) {
    EXPECT_THAT(postconf_commands(listener(), ""),
                HasSubstr("\npostconf -M '127.0.0.1:10025/inet=127.0.0.1:10025 inet n - n - 60 smtpd'\\\n"
                          "' -o content_filter='\\\n"
                          "' -o { smtpd_milters = a:1, b:2 }' \\\n"
                          "'sluice-cleanup/unix=sluice-cleanup unix n - y - 0 cleanup'\n"
                          "postfix reload\n"));
}

TEST(PostconfCommands, NothingInASettingIsACommand) {
    PrivateListener made = listener();
    made.smtpd.options = {{"smtpd_banner", "$myhostname `id` \\ \"x\" don't"}};
    EXPECT_THAT(postconf_commands(made, "/etc/it's here"),
                AllOf(HasSubstr("' -o { smtpd_banner = $myhostname `id` \\ \"x\" don'\\''t }'"),
                      HasSubstr("\npostfix -c '/etc/it'\\''s here' reload\n")));
}

TEST(PostconfCommands, AnEntryOfAnotherNameForTheSamePlaceGoes) {
    PrivateListener made = listener();
    made.former = {"127.0.0.1:10025/inet", "sluice-cleanup/unix"};
    EXPECT_THAT(postconf_commands(made, ""), Not(HasSubstr("\npostconf -MX")));
    made.former = {"localhost:10025/inet"};
    EXPECT_THAT(postconf_commands(made, ""),
                HasSubstr("\npostconf -MX 'localhost:10025/inet'\npostconf -M "));
}

TEST(PostconfCommands, SayWhatTakesPort25AndWhatUndoesAll) {
    PrivateListener made = listener();
    EXPECT_THAT(
        postconf_commands(made, ""),
        AllOf(HasSubstr("#   postconf -e 'master_service_disable = smtp.inet' && postfix reload\n"),
              EndsWith("#   postconf -X master_service_disable && postconf -MX '127.0.0.1:10025/inet' "
                       "'sluice-cleanup/unix' && postfix reload\n")));
    made.disabled = "2525.inet, smtp.inet";
    EXPECT_THAT(postconf_commands(made, ""),
                AllOf(HasSubstr("#   postconf -e 'master_service_disable = smtp.inet, 2525.inet' && "),
                      HasSubstr("#   postconf -e 'master_service_disable = 2525.inet' && postconf -MX")));
    made.public_ones.clear();
    EXPECT_THAT(postconf_commands(made, ""),
                AllOf(Not(HasSubstr("master_service_disable")), HasSubstr("\n#   postconf -MX '127")));
}

}  // namespace
}  // namespace sluice::app
