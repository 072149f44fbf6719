// Mode check: what the machine tells the checker. Kernels in this mode are compiled with
// -fsanitize=thread, and callbacks.cc takes the place of its runtime. For every byte of shared and
// device memory the checker knows who wrote and read it last and whether it has a content; blocks
// are cut into epochs by barriers, and within an epoch warps keep vector clocks.
#pragma once

#include <cstddef>

namespace attest::simt::check {

// Memory that kernels may touch.
void add_range(const void* data, std::size_t bytes, bool initialised, const char* name);
void remove_range(const void* data);
void remove_ranges();
void host_wrote(const void* data, std::size_t bytes);

// Of a launch in mode check.
void begin_launch(const void* parameters, std::size_t bytes);
void end_launch();
void begin_block();
void shared_variable(const void* data, std::size_t bytes);
/// All accesses of the block so far come before all that follow.
void block_barrier();
/// The same for the lanes in `lanes` of the warp whose lane 0 is thread `first`.
void warp_barrier(int first, unsigned lanes);

/// Whether accesses are looked at now.
extern bool active;

/// While it lives, accesses are the runtime's own. (Inline functions of the standard library may
/// come from a kernel's object, where they are instrumented.)
class Pause {
 public:
  Pause() : was_(active) { active = false; }
  ~Pause() { active = was_; }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  bool was_;
};

}  // namespace attest::simt::check
