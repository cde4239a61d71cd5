#include "sink/maildir.hpp"

#include <gmock/gmock.h>
#include <set>

#include "sink/testing/scratch_maildir.hpp"

namespace sluice::sink {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Maildir, AMessageAppearsWhole) {
    const ScratchMaildir scratch;
    Maildir maildir(scratch.path(), "host");
    {
        Maildir::Draft draft(maildir, maildir.unique_name());
        EXPECT_TRUE(draft.append("one\n"));
        EXPECT_TRUE(draft.append("two\n"));
        EXPECT_THAT(scratch.files("new"), IsEmpty());
        EXPECT_TRUE(draft.deliver());
    }
    EXPECT_THAT(scratch.files("new"), ElementsAre("one\ntwo\n"));
    EXPECT_THAT(scratch.files("tmp"), IsEmpty());
}

TEST(Maildir, ADraftThatIsNotDeliveredLeavesNothing) {
    const ScratchMaildir scratch;
    Maildir maildir(scratch.path(), "host");
    {
        Maildir::Draft draft(maildir, maildir.unique_name());
        EXPECT_TRUE(draft.append("one\n"));
    }
    EXPECT_THAT(scratch.files("new"), IsEmpty());
    EXPECT_THAT(scratch.files("tmp"), IsEmpty());
}

TEST(Maildir, NamesAreUniqueAndOfOnePart) {
    const ScratchMaildir scratch;
    Maildir maildir(scratch.path(), "a/b:c");
    std::set<std::string> names;
    for (int i = 0; i < 1000; ++i)
        names.insert(maildir.unique_name());
    EXPECT_EQ(names.size(), 1000U);
    for (const std::string& name : names) {
        EXPECT_EQ(name.find('/'), std::string::npos);
        EXPECT_EQ(name.find(':'), std::string::npos);
    }
}

TEST(Maildir, ANameThatIsTakenIsNotOverwritten) {
    const ScratchMaildir scratch;
    Maildir maildir(scratch.path(), "host");
    Maildir::Draft first(maildir, "same");
    EXPECT_TRUE(first.append("first\n"));
    {
        Maildir::Draft second(maildir, "same");
        EXPECT_FALSE(second.append("second\n"));
        EXPECT_FALSE(second.deliver());
        EXPECT_EQ(second.error(), std::errc::file_exists);
    }
    EXPECT_TRUE(first.deliver());
    EXPECT_THAT(scratch.files("new"), ElementsAre("first\n"));
}

TEST(Maildir, OneThatIsThereAlreadyIsTaken) {
    const ScratchMaildir scratch;
    const Maildir first(scratch.path(), "host");
    EXPECT_NO_THROW(Maildir(scratch.path(), "host"));
    EXPECT_THROW(Maildir("/proc/no/such/place", "host"), std::system_error);
}

}  // namespace
}  // namespace sluice::sink
