#include "properties/shrink_tree.h"

#include <rapidcheck/seq/Create.h>
#include <rapidcheck/shrinkable/Create.h>

#include "shrinkers/shrinkers.h"

namespace attest::properties {
namespace {

rc::Seq<problem::Case> smaller(const problem::Case& value) {
  std::vector<problem::Case> candidates;
  shrinkers::for_each_candidate(value, [&candidates](const problem::Case& candidate) {
    candidates.push_back(candidate);
    return false;
  });
  return rc::seq::fromContainer(std::move(candidates));
}

}  // namespace

rc::Shrinkable<problem::Case> with_shrinks(problem::Case value) {
  // A lambda: clang 14 does not bind a plain function here.
  return rc::shrinkable::shrinkRecur(std::move(value),
                                     [](const problem::Case& from) { return smaller(from); });
}

}  // namespace attest::properties
