// Programs: several calls over named sequences and one paged cache. A call says per sequence how
// many tokens or rows it is about (q_len) and how long the sequence is afterwards (kv_len).
// Contents come from a tape: per name, every token ever appended and every row ever asked, in
// order, as if the name were one long sequence of one attend call. Docs: docs/generators.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/case.h"

namespace attest::problem {

/// In an append: tokens that go nowhere (their slots are negative), as padded batches have them.
inline constexpr std::string_view kPaddingName = "-";
inline constexpr std::int64_t kMaxCalls = 64;

/// Anything but the one attend call that nearly every case is.
bool is_program(const Case& value);

/// The names of a call's sequences, the default ones filled in.
std::vector<std::string> names_of(const Call& call);

struct Tape {
  std::vector<std::string> names;  ///< in the order of their first mention
  /// One sequence per name: q_len rows asked, kv_len tokens appended in all. The rest is what all
  /// calls of the program have in common.
  Problem problem;

  /// Expects: the name is on the tape.
  std::int64_t index_of(std::string_view name) const;
};
Tape tape_of(const Program& program);

/// A program's tape as a case of one attend: values, plan and poisons are the program's; the
/// storage is contiguous. What is said about contents, heads and features holds for both.
Case tape_case(const Case& value);

/// The sequences of a program while it runs, by their indices on the tape.
class Sequences {
 public:
  explicit Sequences(const Tape& tape);

  /// What one sequence of a call is about: tokens or rows [begin, begin + count) of the tape.
  struct Item {
    std::int64_t sequence = 0;
    std::int64_t begin = 0;
    std::int64_t count = 0;
  };
  /// The items of the call, in its order, and what it does to the sequences.
  std::vector<Item> apply(const Call& call);

  std::int64_t length(std::int64_t sequence) const;
  /// Where on the tape the contents of a sequence's tokens are: its own, or those of the sequence
  /// it was forked from.
  const std::vector<TokenId>& tokens(std::int64_t sequence) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::int64_t> rows_;      ///< asked so far
  std::vector<std::int64_t> appended_;  ///< so far
  std::vector<std::vector<TokenId>> tokens_;
};

/// One line saying what is wrong with the calls and which field, or nothing.
std::optional<std::string> find_error(const Program& program);

}  // namespace attest::problem
