#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "properties/feature_switches.h"
#include "properties/harness.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

/// The messages of the failures among the first cases of features.heard.
std::vector<std::string> messages_on(const std::string& kernel) {
  const kernels::KernelInfo info = tests::builtin(kernel);
  const Property& property = *find_property("features.heard");
  const auto session = tests::open(info);
  Harness harness(*session);
  std::vector<std::string> messages;
  for (std::uint64_t k = 0; k < 300; ++k) {
    const auto verdict = run_check(property, draw_case(property, info, 1, k), harness);
    if (verdict.failed()) messages.push_back(verdict.message);
  }
  return messages;
}

bool any_says(const std::vector<std::string>& messages, const std::string& what) {
  return std::any_of(messages.begin(), messages.end(), [&](const std::string& message) {
    return message.find(what) != std::string::npos;
  });
}

TEST(Features, SayWhichOfThemWasIgnored) {
  EXPECT_TRUE(any_says(messages_on("planted/softcap_ignored"), "without the softcap"));
  EXPECT_TRUE(any_says(messages_on("planted/window_ignored_on_decode"), "without the left window"));
}

TEST(Features, CanEachBeSwitchedOff) {
  problem::Problem problem;
  problem.sequences = {{.q_len = 2, .kv_len = 3}};
  problem.mask.causal = true;
  problem.mask.window_left = problem.mask.window_right = problem.mask.attention_chunk = 1;
  problem.mask.custom = {std::vector<std::uint8_t>(6, 1)};
  problem.softcap = 1;
  problem.alibi_slopes = problem.sinks = problem.q_scale = problem.k_scale = problem.v_scale = {1};
  problem.bias = problem::Bias::kShared;
  problem.sequences[0].start_pos = 1;
  const Scene scene = scene_of(problem::make_case(problem));
  int used = 0;
  for (const FeatureSwitch& feature : feature_switches()) {
    if (!feature.in_use(scene.problem)) continue;
    ++used;
    Scene without = scene;
    feature.off(without);
    EXPECT_FALSE(feature.in_use(without.problem)) << feature.name;
    EXPECT_FALSE(problem::find_error(without.problem)) << feature.name;
  }
  EXPECT_EQ(used, static_cast<int>(feature_switches().size()) - 1);  // all but the tree
}

}  // namespace
}  // namespace attest::properties
