// Where each element of a tensor lies in its buffer: the definition of every layout, with gaps.
#pragma once

#include <cstdint>

#include "problem/kv_storage.h"
#include "problem/problem.h"

namespace attest::problem {

/// Distances in elements. `outer` is the page, the sequence of a padded cache, 0 otherwise.
struct Steps {
  std::int64_t outer = 0;
  std::int64_t token = 0;
  std::int64_t head = 0;
  std::int64_t lane = 1;  ///< with `x`: from one vector of x lanes to the next
  std::int64_t x = 0;     ///< lanes side by side in a vector of an x-split K; 0: not split

  std::int64_t at(std::int64_t page, std::int64_t slot, std::int64_t h, std::int64_t d) const {
    const std::int64_t lanes = x == 0 ? d * lane : d / x * lane + d % x;
    return page * outer + slot * token + h * head + lanes;
  }
};

/// Rows of q and o [rows, heads, lanes]; lse has 1 lane.
Steps row_steps(std::int64_t heads, std::int64_t lanes, const Gaps& gaps);

/// The cache of one call. Slots are tokens of room: `slots` in each of `outers` pages.
struct CacheSteps {
  Steps k, v;
  std::int64_t outers = 1;      ///< pages, sequences of a padded cache, 1 of a contiguous one
  std::int64_t slots = 0;       ///< tokens of room in each
  std::int64_t k_elements = 0;  ///< of the buffer that begins with K
  std::int64_t v_elements = 0;  ///< of V's own buffer; 0 when V lies in K's
  bool v_in_k = false;          ///< V lies in K's buffer, `v_first` elements from its begin
  std::int64_t v_first = 0;
};
CacheSteps cache_steps(const Problem& problem, const KvStorage& storage);

/// Lanes of a vector of the x-split layout: 16 bytes.
std::int64_t x_of(DType type);

}  // namespace attest::problem
