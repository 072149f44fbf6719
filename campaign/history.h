// What a lane's kernel process has been through, so that a failure which needs it can be repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/session.h"

namespace attest::campaign {

/// A drawn case that was run: which pair, which k.
struct Past {
  std::size_t pair = 0;
  std::uint64_t k = 0;
  friend bool operator==(const Past&, const Past&) = default;
};

/// Of one session. Bounded: a kernel process that has seen problem::kMaxHistory checks is replaced,
/// so that what is remembered is always all of it.
class History {
 public:
  /// Before a check.
  void begin(kernels::Session& session);
  /// After it.
  void ran(const Past& past, const kernels::Session& session);
  /// What the kernel object had seen when the check at hand began, oldest first.
  const std::vector<Past>& past() const { return past_; }

 private:
  std::vector<Past> past_;
  std::uint64_t generation_ = 0;
};

/// As bytes of a lane's message (wire.h), short where a pair's cases follow each other.
std::string write_history(const std::vector<Past>& past);
/// Throws: ContractError when the bytes end too early.
std::vector<Past> parse_history(std::string_view bytes);

}  // namespace attest::campaign
