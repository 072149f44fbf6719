// Warp shuffles, votes, matches and reductions: each an argument per lane, and a function that the
// last lane to arrive runs over all of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/simt/device.h"

namespace attest::simt {

/// CUDA shuffles 4 and 8 bytes, and half types; smaller integers become int.
template <class T>
using Shuffled = std::conditional_t<std::is_integral_v<T> && (sizeof(T) < 4), int, T>;

template <class T>
struct ShuffleSlot {
  T in;
  T out;
  int source;
  bool inactive;
};

template <class T>
ATTEST_SIMT_RUNTIME void finish_shuffle(void** slots, unsigned lanes, int) {
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto* to = static_cast<ShuffleSlot<T>*>(slots[std::countr_zero(left)]);
    if ((lanes >> to->source & 1) != 0) {
      to->out = static_cast<ShuffleSlot<T>*>(slots[to->source])->in;
    } else {
      to->inactive = true;
    }
  }
}

enum class Shuffle : std::uint8_t { kIndex, kXor, kUp, kDown };

template <Shuffle how, class T>
inline constexpr Collective kShuffle = {how == Shuffle::kIndex ? "__shfl_sync"
                                        : how == Shuffle::kXor ? "__shfl_xor_sync"
                                        : how == Shuffle::kUp  ? "__shfl_up_sync"
                                                               : "__shfl_down_sync",
                                        &finish_shuffle<T>};

/// The lane that `lane` reads. Segments are `width` lanes; a lane without a source reads itself.
constexpr int shuffle_source(Shuffle how, int lane, int operand, int width) {
  const int first = lane & ~(width - 1);
  const int end = first + width;
  switch (how) {
    case Shuffle::kIndex:
      return first + (operand & (width - 1));
    case Shuffle::kXor: {
      const int source = (lane ^ operand) & 31;
      return source < end ? source : lane;  // earlier segments can be read, later ones not
    }
    case Shuffle::kUp:
      return lane - operand < first ? lane : lane - operand;
    default:
      return lane + operand >= end ? lane : lane + operand;
  }
}

template <Shuffle how, class T>
ATTEST_SIMT_RUNTIME inline T shuffle(unsigned mask, T value, int operand, int width, Site site) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8,
                "attest: a shuffle takes a value of 4 or 8 bytes, or a half");
  if (width < 1 || width > 32 || (width & (width - 1)) != 0) {
    device_error(Kind::kBadArgument, "a shuffle's width is not a power of two up to 32", site);
  }
  const int source = shuffle_source(how, static_cast<int>(lane_id()), operand, width);
  ShuffleSlot<T> slot{value, value, source, false};
  collective(kShuffle<how, T>, mask, &slot, 0, site);
  if (slot.inactive) {
    device_error(Kind::kInactiveSourceLane,
                 "a shuffle reads a lane that is not in the mask or has exited", site);
  }
  return slot.out;
}

struct VoteSlot {
  unsigned in;
  unsigned voters;
  unsigned out;
};
ATTEST_SIMT_RUNTIME inline void finish_vote(void** slots, unsigned lanes, int) {
  unsigned ballot = 0;
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (static_cast<VoteSlot*>(slots[lane])->in != 0) ballot |= 1u << lane;
  }
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto* slot = static_cast<VoteSlot*>(slots[std::countr_zero(left)]);
    slot->voters = lanes;
    slot->out = ballot;
  }
}
inline constexpr Collective kBallot = {"__ballot_sync", &finish_vote};
inline constexpr Collective kAny = {"__any_sync", &finish_vote};
inline constexpr Collective kAll = {"__all_sync", &finish_vote};

ATTEST_SIMT_RUNTIME inline VoteSlot vote(const Collective& how, unsigned mask, bool predicate,
                                         Site site) {
  VoteSlot slot{predicate ? 1u : 0u, 0, 0};
  collective(how, mask, &slot, 0, site);
  return slot;
}

template <class T>
struct ReduceSlot {
  T in;
  T out;
};
struct Add {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(a + b);
  }
};
struct Min {
  template <class T>
  static T apply(T a, T b) {
    return std::min(a, b);
  }
};
struct Max {
  template <class T>
  static T apply(T a, T b) {
    return std::max(a, b);
  }
};
struct And {
  template <class T>
  static T apply(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <class T>
  static T apply(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <class T>
  static T apply(T a, T b) {
    return a ^ b;
  }
};
template <class Operation, class T>
ATTEST_SIMT_RUNTIME void finish_reduce(void** slots, unsigned lanes, int) {
  T all = static_cast<ReduceSlot<T>*>(slots[std::countr_zero(lanes)])->in;
  for (unsigned left = lanes & (lanes - 1); left != 0; left &= left - 1) {
    all = Operation::apply(all, static_cast<ReduceSlot<T>*>(slots[std::countr_zero(left)])->in);
  }
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    static_cast<ReduceSlot<T>*>(slots[std::countr_zero(left)])->out = all;
  }
}
template <class Operation, class T>
inline constexpr Collective kReduce = {"__reduce_sync", &finish_reduce<Operation, T>};
template <class Operation, class T>
ATTEST_SIMT_RUNTIME inline T reduce(unsigned mask, T value, Site site) {
  ReduceSlot<T> slot{value, value};
  collective(kReduce<Operation, T>, mask, &slot, 0, site);
  return slot.out;
}

template <class T>
struct MatchSlot {
  T in;
  unsigned out;
  bool all;
};
template <class T>
ATTEST_SIMT_RUNTIME void finish_match(void** slots, unsigned lanes, int) {
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto* own = static_cast<MatchSlot<T>*>(slots[std::countr_zero(left)]);
    own->out = 0;
    for (unsigned other = lanes; other != 0; other &= other - 1) {
      const int lane = std::countr_zero(other);
      if (static_cast<MatchSlot<T>*>(slots[lane])->in == own->in) own->out |= 1u << lane;
    }
    own->all = own->out == lanes;
  }
}
template <class T>
inline constexpr Collective kMatch = {"__match_sync", &finish_match<T>};
template <class T>
ATTEST_SIMT_RUNTIME inline MatchSlot<T> match(unsigned mask, T value, Site site) {
  MatchSlot<T> slot{value, 0, false};
  collective(kMatch<T>, mask, &slot, 0, site);
  return slot;
}

}  // namespace attest::simt

template <class T>
inline attest::simt::Shuffled<T> __shfl_sync(unsigned mask, T value, int source, int width = 32,
                                             attest::simt::Site site = attest::simt::Site()) {
  using attest::simt::Shuffle;
  return attest::simt::shuffle<Shuffle::kIndex, attest::simt::Shuffled<T>>(mask, value, source,
                                                                           width, site);
}
template <class T>
inline attest::simt::Shuffled<T> __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                                                 attest::simt::Site site = attest::simt::Site()) {
  using attest::simt::Shuffle;
  return attest::simt::shuffle<Shuffle::kXor, attest::simt::Shuffled<T>>(mask, value, bits, width,
                                                                         site);
}
template <class T>
inline attest::simt::Shuffled<T> __shfl_up_sync(unsigned mask, T value, unsigned delta,
                                                int width = 32,
                                                attest::simt::Site site = attest::simt::Site()) {
  using attest::simt::Shuffle;
  return attest::simt::shuffle<Shuffle::kUp, attest::simt::Shuffled<T>>(
      mask, value, static_cast<int>(delta), width, site);
}
template <class T>
inline attest::simt::Shuffled<T> __shfl_down_sync(unsigned mask, T value, unsigned delta,
                                                  int width = 32,
                                                  attest::simt::Site site = attest::simt::Site()) {
  using attest::simt::Shuffle;
  return attest::simt::shuffle<Shuffle::kDown, attest::simt::Shuffled<T>>(
      mask, value, static_cast<int>(delta), width, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::vote(attest::simt::kBallot, mask, predicate != 0, site).out;
}
inline int __any_sync(unsigned mask, int predicate,
                      attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::vote(attest::simt::kAny, mask, predicate != 0, site).out != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      attest::simt::Site site = attest::simt::Site()) {
  const attest::simt::VoteSlot vote =
      attest::simt::vote(attest::simt::kAll, mask, predicate != 0, site);
  return vote.out == vote.voters ? 1 : 0;
}

inline unsigned __reduce_add_sync(unsigned mask, unsigned value,
                                  attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Add>(mask, value, site);
}
inline int __reduce_add_sync(unsigned mask, int value,
                             attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Add>(mask, value, site);
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value,
                                  attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Min>(mask, value, site);
}
inline int __reduce_min_sync(unsigned mask, int value,
                             attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Min>(mask, value, site);
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value,
                                  attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Max>(mask, value, site);
}
inline int __reduce_max_sync(unsigned mask, int value,
                             attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Max>(mask, value, site);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value,
                                  attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::And>(mask, value, site);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value,
                                 attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Or>(mask, value, site);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value,
                                  attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::reduce<attest::simt::Xor>(mask, value, site);
}

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value,
                                 attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::match(mask, value, site).out;
}
template <class T>
inline unsigned __match_all_sync(unsigned mask, T value, int* predicate,
                                 attest::simt::Site site = attest::simt::Site()) {
  const auto matched = attest::simt::match(mask, value, site);
  *predicate = matched.all ? 1 : 0;
  return matched.all ? matched.out : 0;
}
