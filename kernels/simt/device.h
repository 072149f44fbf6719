// What the runtime offers to kernels. Not for users: the headers in compat/ turn it into CUDA.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/device/dim3.h"
#include "kernels/simt/simt.h"
#include "kernels/simt/site.h"

/// 1 in kernels that are built in mode check.
#if defined(__SANITIZE_THREAD__)
#define ATTEST_SIMT_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ATTEST_SIMT_CHECKED 1
#endif
#endif
#ifndef ATTEST_SIMT_CHECKED
#define ATTEST_SIMT_CHECKED 0
#endif

/// Code of the runtime that is compiled with a kernel: no access of the kernel's own.
#define ATTEST_SIMT_RUNTIME __attribute__((no_sanitize("thread")))

namespace attest::simt {

/// Error codes that launches return, with CUDA's numbers.
inline constexpr int kSuccess = 0;
inline constexpr int kErrorInvalidValue = 1;
inline constexpr int kErrorMemoryAllocation = 2;
inline constexpr int kErrorInvalidConfiguration = 9;
inline constexpr int kErrorLaunchFailure = 719;
inline constexpr int kErrorNotSupported = 801;

using Entry = void (*)(void* parameters);

struct LaunchShape {
  dim3 grid;
  dim3 block;
  std::size_t dynamic_shared = 0;
};

/// Runs entry(parameters) once per thread of the grid. `parameters` are the kernel's parameter
/// space. `checked`: the kernel is built in mode check. Returns an error code; the same is what
/// last_error() holds from then on, unless it is kSuccess.
int launch(const LaunchShape& shape, Entry entry, void* parameters, std::size_t parameter_bytes,
           bool checked);
int& last_error();
/// A kernel has opted in to so much dynamic shared memory.
void allow_dynamic_shared(std::size_t bytes);

void* device_malloc(std::size_t bytes);
/// kErrorInvalidValue if `p` is not from device_malloc.
int device_free(void* p);
/// The host has given these bytes a content.
void device_written(const void* p, std::size_t bytes);

// From here on: called by kernels, on a fiber.

void block_barrier(Site site);
enum class Reduce : std::uint8_t { kCount, kAnd, kOr };
/// A barrier that also counts the threads with `predicate`, or combines the predicates.
int block_barrier_reduce(Reduce how, bool predicate, Site site);

/// An operation of a whole warp. The last lane to arrive runs `finish` over the arguments of all.
struct Collective {
  const char* name;
  /// slots[lane] is that lane's argument; `lanes`: which have arrived; `extra`: as they passed it.
  void (*finish)(void** slots, unsigned lanes, int extra);
  bool orders_memory = false;
};
/// Waits until every lane of `mask` that has not exited is here with the same mask.
void collective(const Collective& what, unsigned mask, void* slot, int extra, Site site);

/// Reports a finding about the calling thread and ends the launch.
[[noreturn]] void device_error(Kind kind, const char* text, Site site);

unsigned lane_id();
/// Lanes of the calling warp that have not exited.
unsigned live_lanes();
/// Lets another thread run.
void yield();
std::uint64_t device_clock();
/// Equal for all threads of a launch, and drawn from the schedule's seed.
std::uint64_t launch_key();

/// __threadfence() and its relatives. `block_wide`: orders accesses for this block only.
void fence(bool block_wide);
/// An atomic operation on these bytes is about to happen (mode check).
void before_atomic(const void* p, std::size_t bytes, Site site);
/// The runtime is about to read or write these bytes for the calling thread (mode check).
void before_access(const void* p, std::size_t bytes, bool write, Site site);

struct AsyncCopy {
  void* to;
  const void* from;
  std::uint32_t bytes;
  std::uint32_t zeros;  ///< so many of them, at the end, become 0
};
/// Remembers a copy, which lands when it is waited for and not before.
void async_copy(const AsyncCopy& copy);
void async_commit();
/// The next copy to land so that at most `pending` committed groups remain. False: none.
bool async_land(std::uint32_t pending, AsyncCopy& copy);

inline constexpr bool kChecked = ATTEST_SIMT_CHECKED != 0;

extern ATTEST_SIMT_HIDDEN std::uint64_t block_serial;  ///< another number for each block that runs

struct SharedSlot {
  std::uint64_t block = 0;  ///< the block_serial that `data` belongs to
  void* data = nullptr;
};
void allocate_shared(SharedSlot& slot, std::size_t bytes, std::size_t alignment);
void* dynamic_shared();

/// The variable that a __shared__ declaration stands for. `Declaration` is a type of its own for
/// each of them.
template <class T, class Declaration>
ATTEST_SIMT_RUNTIME inline T& shared_variable(Declaration) {
  static constinit SharedSlot slot;
  if (slot.block != block_serial) allocate_shared(slot, sizeof(T), alignof(T));
  return *static_cast<T*>(slot.data);
}

}  // namespace attest::simt
