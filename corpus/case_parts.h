// The parts of a case file, each written and read by a pair of functions that must agree on keys
// and defaults (corpus/write_*.cc, corpus/read_*.cc). Internal to corpus/.
//
// One rule of defaults: a key that is required is always written; any other key is left out when it
// holds the default of its field in problem/.
#pragma once

#include <cstdint>

#include "corpus/json_field.h"
#include "corpus/json_layout.h"
#include "problem/case.h"

namespace attest::corpus {

// Ranges of what has no limit of its own in problem/.
inline constexpr std::int64_t kMaxInt32 = 0x7fffffff;  ///< also windows and chunk lengths
inline constexpr std::int64_t kMaxCount = 0x7fffffffffffffff;
inline constexpr std::size_t kMaxCalls = 4096;
inline constexpr std::size_t kMaxNameBytes = 100;
inline constexpr std::size_t kMaxNoteBytes = 1000;

problem::Problem read_problem(const Field& field);
Layout write_problem(const problem::Problem& value);

/// Type of the overrides of a tensor.
problem::DType type_of(problem::Tensor tensor, const problem::Problem& problem);

/// `problem` gives the types of the overrides.
problem::Values read_values(const Field& field, const problem::Problem& problem);
Layout write_values(const problem::Values& value, const problem::Problem& problem);

problem::KvStorage read_storage(const Field& field);
Layout write_storage(const problem::KvStorage& value);

problem::Plan read_plan(const Field& field);
Layout write_plan(const problem::Plan& value);

/// {"bits": "f64:...", "value": decimal}; in a file the decimal may be missing, not wrong.
std::uint64_t read_exact(const Field& field, problem::DType type);
double read_exact_double(const Field& field);
Layout write_exact(double value);

}  // namespace attest::corpus
