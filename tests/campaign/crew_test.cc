#include "campaign/crew.h"

#include <csignal>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

CrewOptions crew_of(int lanes, std::vector<std::string>& messages) {
  CrewOptions options;
  options.lanes = lanes;
  options.on_message = [&](std::string_view message) { messages.emplace_back(message); };
  options.describe = [](int lane) { return "item " + std::to_string(lane); };
  return options;
}

TEST(Crew, EveryMessageArrivesWholeAndInOrder) {
  std::vector<std::string> messages;
  run_crew(crew_of(3, messages), [](const Channel& channel) {
    for (int i = 0; i < 50; ++i) {
      // Some are larger than a pipe holds.
      const std::size_t size = i % 10 == 0 ? 300'000 : 10;
      channel.send(std::string(1, static_cast<char>('a' + channel.lane())) + std::to_string(i) +
                   ":" + std::string(size, 'x'));
    }
  });
  ASSERT_EQ(messages.size(), 150u);
  std::map<char, int> next;
  for (const std::string& message : messages) {
    const int i = next[message[0]]++;
    EXPECT_EQ(message.substr(1, message.find(':') - 1), std::to_string(i));
    EXPECT_EQ(message.size() - message.find(':') - 1, i % 10 == 0 ? 300'000u : 10u);
  }
}

TEST(Crew, LanesAreOtherProcesses) {
  std::vector<std::string> messages;
  int touched = 0;
  run_crew(crew_of(2, messages), [&](const Channel& channel) {
    ++touched;
    channel.send(std::to_string(getpid()));
  });
  EXPECT_EQ(touched, 0);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_NE(messages[0], messages[1]);
}

TEST(Crew, AnInlineLaneIsThisProcess) {
  std::vector<std::string> messages;
  CrewOptions options = crew_of(1, messages);
  options.inline_lane = true;
  int touched = 0;
  run_crew(options, [&](const Channel& channel) {
    ++touched;
    channel.send("here");
  });
  EXPECT_EQ(touched, 1);
  EXPECT_EQ(messages, std::vector<std::string>{"here"});
}

TEST(Crew, ALaneThatDiesIsNamedWithWhatItWasDoing) {
  std::vector<std::string> messages;
  try {
    run_crew(crew_of(2, messages), [](const Channel& channel) {
      channel.send("last words");
      if (channel.lane() == 1) std::raise(SIGKILL);
      pause();  // is ended with the crew
    });
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(std::string(error.what()),
              "internal error in a lane while running item 1: signal 9 (Killed)");
  }
  EXPECT_FALSE(messages.empty());
}

TEST(Crew, WhatALaneThrowsIsTheMessage) {
  std::vector<std::string> messages;
  try {
    run_crew(crew_of(1, messages), [](const Channel&) { throw ContractError("not in the arena"); });
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(std::string(error.what()),
              "internal error in a lane while running item 0: not in the arena");
  }
}

TEST(Crew, WhatTheSystemRefusesALaneIsNoInternalError) {
  std::vector<std::string> messages;
  try {
    run_crew(crew_of(1, messages), [](const Channel&) { throw SystemError("the disk is full"); });
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(std::string(error.what()), "the disk is full");
  }
}

TEST(Crew, AJournalKeepsWhatLanesSentInEarlierCrews) {
  const tests::TemporaryFolder folder;
  std::vector<std::string> messages;
  CrewOptions options = crew_of(2, messages);
  options.journals = folder.path();
  for (const char tag : {'a', 'b'}) {
    options.tag = tag;
    run_crew(options, [&](const Channel& channel) {
      channel.send(std::string(1, tag) + std::to_string(channel.lane()));
    });
  }
  std::vector<std::string> kept;
  read_journals(folder.path(), 2, [&](char tag, std::string_view message) {
    kept.push_back(tag + (" " + std::string(message)));
  });
  EXPECT_EQ(kept, (std::vector<std::string>{"a a0", "b b0", "a a1", "b b1"}));
}

}  // namespace
}  // namespace attest::campaign
