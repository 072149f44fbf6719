// The generators: cases within a kernel's declaration, with sizes at the boundaries that matter
// (design of what is drawn: docs/generators.md). Properties say what they need of a case in Wish.
#pragma once

#include <functional>
#include <vector>

#include <rapidcheck/Gen.h>

#include "kernels/kernel_info.h"
#include "problem/case.h"
#include "properties/draw.h"

namespace attest::properties {

/// What a property wants of its cases, on top of what the kernel supports. Unset: anything goes.
struct Wish {
  bool causal = false;          ///< causal only
  bool no_causal = false;       ///< not causal where the kernel can
  bool window = false;          ///< a window to the left, where the kernel has one
  bool paged = false;           ///< paged storage only
  bool parts = false;           ///< partitions of the keys and a merge tree
  bool chunks = false;          ///< query chunks
  bool plain_scores = false;    ///< no mask beyond causal, no softcap, ALiBi, bias or sink
  bool many_rows = false;       ///< at least two query rows somewhere
  bool many_sequences = false;  ///< at least two sequences
  bool empties = false;         ///< many sequences without keys or rows, rows before the first key
  bool single_keys = false;     ///< many sequences of one key
  bool shared_pages = false;    ///< shared prefixes
  bool no_sink = false;
  bool no_tree = false;
  std::vector<problem::PoisonPlace> poison = {};          ///< one poison at one of these places
  std::vector<problem::Distribution> distributions = {};  ///< empty: all
};

/// A generator of such cases. `finish` may adjust a drawn case before it is final.
rc::Gen<problem::Case> cases(const kernels::KernelInfo& info, const Wish& wish,
                             std::function<void(Draw&, problem::Case&)> finish = nullptr);

/// The most exact of the declared types of outputs, which states have too.
problem::DType widest_output(const kernels::KernelInfo& info);

/// Lengths at and around the boundaries of tiles and pages: 0, 1, 2, 3, B-1, B, B+1, kB, kB+1 and
/// others up to `limit`.
std::int64_t draw_length(Draw& draw, std::int64_t page_size, std::int64_t limit);

/// Pages for a problem: shuffled, in a pool with free pages between, shared prefixes on request.
problem::KvStorage draw_paged_storage(Draw& draw, const problem::Problem& problem,
                                      std::int64_t page_size, bool shared);
/// Cuts of every sequence's keys into `parts` parts, empty ones allowed, and a random merge tree
/// over them.
void draw_parts(Draw& draw, const kernels::KernelInfo& info, problem::Case& value);
/// Makes one case in 101 one of a sequence with more than 2^15 or 2^16 keys, small otherwise, where
/// the kernel takes one: such cases are dear.
void make_some_long(Draw& draw, const kernels::KernelInfo& info, problem::Case& value);
/// Splits every sequence's rows into the same number of chunks.
void draw_chunks(Draw& draw, problem::Case& value);

}  // namespace attest::properties
