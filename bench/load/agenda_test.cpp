#include "load/agenda.hpp"

#include <gtest/gtest.h>

namespace load {
namespace {

using std::chrono::seconds;

TEST(Agenda, GivesWhatIsDueInOrderOfTime) {
    Agenda agenda;
    EXPECT_EQ(agenda.next(), Time::max());
    agenda.add(Time(seconds(3)), 30);
    agenda.add(Time(seconds(1)), 10);
    agenda.add(Time(seconds(2)), 20);
    EXPECT_EQ(agenda.next(), Time(seconds(1)));
    EXPECT_FALSE(agenda.take(Time{}));
    EXPECT_EQ(agenda.take(Time(seconds(2)))->token, 10U);
    EXPECT_EQ(agenda.take(Time(seconds(2)))->token, 20U);
    EXPECT_FALSE(agenda.take(Time(seconds(2))));
    EXPECT_EQ(agenda.next(), Time(seconds(3)));
}

}  // namespace
}  // namespace load
