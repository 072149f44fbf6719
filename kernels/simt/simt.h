// Runs CUDA kernels on the CPU: a fiber per CUDA thread, block after block, switched where CUDA
// threads wait for each other, in an order that a seed decides. What CUDA leaves undefined at
// barriers and warp collectives becomes a finding; kernels built in mode `check` also have each
// memory access looked at (check/). This header is for whoever runs kernels; kernels themselves see
// the headers in compat/. docs/cuda-without-a-gpu.md says what it finds and what it cannot.
//
// One launch at a time in a process: others wait. control.h is the same for dlsym.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace attest::simt {

/// Changes whenever the same options would give another schedule.
inline constexpr int kScheduleVersion = 1;

/// Which of the threads that can run goes next. Values are stored (control.h): only append.
enum class Policy : std::uint8_t {
  kInOrder,      ///< the lowest index; blocks in order
  kReverse,      ///< the highest index; blocks from the last
  kRandom,       ///< any, drawn at every switch
  kPermutation,  ///< by priorities drawn for each block, so that one warp can run far ahead
  kWarpShuffle,  ///< lanes in order, from a warp drawn at every switch
};
inline constexpr int kPolicies = 5;

/// What shared memory holds when a block begins.
enum class Fill : std::uint8_t {
  kNaN,   ///< all bits set: NaN in every float type, -1 as an integer
  kZero,  ///< what hides bugs
  kRandom,
};

enum class Kind : std::uint8_t {
  kDivergentBarrier,      ///< threads of a block wait in different barriers
  kExitBeforeBarrier,     ///< a thread exits while others wait (Options::exit_before_barrier)
  kDeadlock,              ///< no thread can run
  kMaskWithoutCaller,     ///< a lane calls a warp collective with a mask it is not in
  kMaskMismatch,          ///< lanes meet with different masks
  kSiteMismatch,          ///< lanes meet in different collectives, or in different places
  kInactiveSourceLane,    ///< a shuffle reads a lane outside the mask, or one that has exited
  kBadArgument,           ///< misaligned or otherwise impossible argument of an intrinsic
  kSharedMemoryExceeded,  ///< more shared memory than a block can have
  kUnsupported,           ///< a feature that the CPU path lacks
  kRace,                  ///< mode check: two accesses that nothing orders, one of them a write
  kUninitialisedRead,     ///< mode check: a read of memory nobody wrote
  kOutOfBounds,           ///< mode check: outside of shared and device memory
  kStepLimit,             ///< more switches or accesses than Options::step_limit
  kSanitizer,             ///< AddressSanitizer reported something and went on
};

/// "race", "divergent_barrier" and so on.
const char* name(Kind kind);
/// "in_order", "warp_shuffle" and so on.
const char* name(Policy policy);

struct Options {
  Policy policy = Policy::kInOrder;
  std::uint64_t seed = 0;
  /// So many random decisions, over all launches; then in order. Bisecting it shrinks a schedule.
  std::uint32_t horizon = UINT32_MAX;
  Fill fill = Fill::kNaN;
  /// Lanes that meet in a warp collective must come from one place in the source.
  bool match_sites = true;
  /// CUDA since Volta lets threads exit and others go on to use barriers; true: a finding.
  bool exit_before_barrier = false;
  /// Mode check: whether shuffles and votes order memory accesses. By the CUDA guide they do not.
  bool shuffles_order_memory = false;
  /// Switches of one launch, and in mode check accesses.
  std::uint64_t step_limit = std::uint64_t{1} << 34;
};

struct Place {
  std::string file;  ///< without its folders; empty: unknown
  int line = 0;
};

/// One thing that is wrong with a kernel. The launch ended there.
struct Finding {
  Kind kind;
  std::string text;  ///< one line, with the places in it
  Place place;
  Place other;  ///< of a race: the earlier access
  std::array<std::uint32_t, 3> block = {};
  int thread = -1;  ///< index within the block; -1: none in particular
};

/// Everything since set_options().
struct Report {
  std::vector<Finding> findings;
  std::uint64_t launches = 0;
  std::uint64_t decisions = 0;         ///< times a thread was chosen
  std::uint64_t random_decisions = 0;  ///< of the horizon
  std::uint64_t accesses = 0;          ///< looked at, in mode check
  std::uint64_t schedule_hash = 0;     ///< equal exactly when the schedules were equal
  bool ok() const { return findings.empty(); }
};

/// Options of all launches from here on, and an empty report. After a finding launches return
/// cudaErrorLaunchFailure without running, until this is called.
void set_options(const Options& options);
const Options& options();
const Report& report();

/// Tells mode check that `bytes` at `data` are device memory. `initialised`: has a content; else
/// reading what no kernel wrote is a finding. `name` (may be null) appears in findings. Memory from
/// cudaMalloc is announced by itself. Once anything is announced, an access to memory that is
/// neither announced nor shared, local or static is out of bounds.
void announce(const void* data, std::size_t bytes, bool initialised, const char* name);
/// Takes back what announce() and cudaMalloc said.
void forget(const void* data);
void forget_announced();

}  // namespace attest::simt
