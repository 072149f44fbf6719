#include "kernels/simt/schedule.h"

#include <numeric>
#include <utility>

namespace attest::simt {
namespace {

/// Larger grids run their blocks in order: shuffling them would cost more than it could show.
constexpr std::uint64_t kMaxShuffledBlocks = std::uint64_t{1} << 20;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

}  // namespace

Draws::Draws(std::uint64_t key, std::uint64_t stream)
    : state_(mix(key + mix(stream + 0x9e3779b97f4a7c15))) {}

std::uint64_t Draws::next() {
  state_ += 0x9e3779b97f4a7c15;
  return mix(state_);
}

void Schedule::begin_call(const Options& options) {
  policy_ = options.policy;
  seed_ = options.seed;
  horizon_ = options.horizon;
  decided_ = 0;
  launches_ = 0;
}

void Schedule::begin_launch(std::uint64_t blocks) {
  Draws draws(seed_, launches_++);
  launch_key_ = draws.next();
  blocks_ = blocks;
  block_order_.clear();
  const bool shuffled = policy_ != Policy::kInOrder && policy_ != Policy::kReverse;
  if (!shuffled || blocks < 2 || blocks > kMaxShuffledBlocks) return;
  block_order_.resize(blocks);
  std::iota(block_order_.begin(), block_order_.end(), 0u);
  for (std::size_t i = blocks - 1; i > 0 && decide(); --i) {
    std::swap(block_order_[i], block_order_[draws.below(static_cast<std::uint32_t>(i + 1))]);
  }
}

std::uint64_t Schedule::block_at(std::uint64_t position) const {
  if (!block_order_.empty()) return block_order_[position];
  return policy_ == Policy::kReverse ? blocks_ - 1 - position : position;
}

void Schedule::begin_block(std::uint64_t block, int threads) {
  draws_ = Draws(launch_key_, block);
  const auto count = static_cast<std::uint32_t>(threads);
  threads_ = count;
  warps_ = (count + kWarpSize - 1) / kWarpSize;
  for (std::uint32_t i = 0; i < count; ++i) {
    thread_of_[i] = static_cast<std::uint16_t>(policy_ == Policy::kReverse ? count - 1 - i : i);
  }
  if (policy_ == Policy::kPermutation) {
    for (std::uint32_t i = count - 1; i > 0 && decide(); --i) {
      std::swap(thread_of_[i], thread_of_[draws_.below(i + 1)]);
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    rank_of_[thread_of_[i]] = static_cast<std::uint16_t>(i);
  }
}

}  // namespace attest::simt
