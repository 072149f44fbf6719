// A generator that misses what a declaration admits is at fault: labels and pairs of labels that
// the first cases of each property reach.
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "properties/labels.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using tests::correct_kernels;

constexpr std::uint64_t kCoverageSeed = 1;

/// [label][label], the diagonal for single labels.
using Seen = std::vector<LabelSet>;

Seen draw(const KernelInfo& info, std::uint64_t cases) {
  Seen seen(all_labels().size());
  for (const Property& property : all_properties()) {
    // Steps outside of the declaration on purpose.
    if (!property.applies(info) || property.id == "refusal.outside_is_refused") continue;
    for (std::uint64_t k = 0; k < cases; ++k) {
      const LabelSet labels = labels_of(draw_case(property, info, kCoverageSeed, k));
      for (std::size_t a = 0; a < seen.size(); ++a) {
        if (labels[a]) seen[a] |= labels;
      }
    }
  }
  return seen;
}

TEST(Generators, ReachEveryLabelThatAKernelDeclares) {
  const auto labels = all_labels();
  for (const KernelInfo& info : correct_kernels()) {
    const LabelSet declared = declared_labels(info);
    const Seen seen = draw(info, 200);
    for (std::size_t a = 0; a < labels.size(); ++a) {
      if (declared[a]) {
        EXPECT_TRUE(seen[a][a]) << info.name << ": " << name_of(labels[a]);
      }
    }
  }
}

TEST(Generators, ReachEveryPairOfLabelsOnSomeKernel) {
  const auto labels = all_labels();
  Seen wanted(labels.size()), seen(labels.size());
  for (const KernelInfo& info : correct_kernels()) {
    const LabelSet declared = declared_labels(info);
    if (declared.none()) continue;
    const Seen of_kernel = draw(info, 200);
    for (std::size_t a = 0; a < labels.size(); ++a) {
      seen[a] |= of_kernel[a];
      for (std::size_t b = 0; b < a; ++b) {
        if (declared[a] && declared[b] && can_meet(a, b)) wanted[a].set(b);
      }
    }
  }
  for (std::size_t a = 0; a < labels.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (wanted[a][b]) {
        EXPECT_TRUE(seen[a][b]) << name_of(labels[a]) << " with " << name_of(labels[b]);
      }
    }
  }
}

TEST(Labels, AreToldApartByName) {
  std::set<std::string> names;
  for (const Label& label : all_labels()) {
    EXPECT_TRUE(names.insert(name_of(label)).second) << name_of(label);
  }
}

TEST(Labels, OfADrawnCaseAreDeclaredByItsKernel) {
  const auto labels = all_labels();
  for (const KernelInfo& info : correct_kernels()) {
    const LabelSet declared = declared_labels(info);
    if (declared.none()) continue;
    for (const Property& property : all_properties()) {
      if (!property.applies(info) || property.id == "refusal.outside_is_refused") continue;
      for (std::uint64_t k = 0; k < 20; ++k) {
        const LabelSet extra = labels_of(draw_case(property, info, kCoverageSeed, k)) & ~declared;
        for (std::size_t a = 0; a < labels.size(); ++a) {
          // A kernel without the knob is never asked for a number of splits.
          if (extra[a] && labels[a].dimension != "num_splits") {
            ADD_FAILURE() << info.name << " " << property.id << " " << k << ": "
                          << name_of(labels[a]);
          }
        }
      }
    }
  }
}

TEST(Labels, MeetUnlessTheyAreOfOneDimensionOrRuledOut) {
  const auto labels = all_labels();
  std::map<std::string, std::size_t> number;
  for (std::size_t a = 0; a < labels.size(); ++a) number[name_of(labels[a])] = a;
  EXPECT_TRUE(can_meet(number.at("softcap: on"), number.at("alibi: on")));
  EXPECT_FALSE(can_meet(number.at("kv_len: 0"), number.at("kv_len: 1")));
  EXPECT_FALSE(can_meet(number.at("mask of its own: tree"), number.at("mask: not causal")));
  EXPECT_FALSE(can_meet(number.at("mask: not causal"), number.at("mask of its own: tree")));
}

}  // namespace
}  // namespace attest::properties
