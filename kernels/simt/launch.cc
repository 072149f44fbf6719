// A launch: configuration checked as the driver would, then block after block.
#include <mutex>

#include "kernels/simt/check/checker.h"
#include "kernels/simt/machine.h"

namespace attest::simt {
namespace {

std::mutex one_launch_at_a_time;
int sticky_error = kSuccess;
std::size_t opted_in = kSharedWithoutOptIn;

bool possible(const LaunchShape& shape) {
  const dim3& grid = shape.grid;
  const dim3& block = shape.block;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return false;
  if (block.x == 0 || block.y == 0 || block.z == 0) return false;
  if (grid.x > kMaxGridX || grid.y > kMaxGridYZ || grid.z > kMaxGridYZ) return false;
  return block.x <= kMaxThreads && block.y <= kMaxThreads && block.z <= kMaxBlockZ &&
         block.x * block.y <= kMaxThreads && block.x * block.y * block.z <= kMaxThreads;
}

// AddressSanitizer was told to go on after an error (-fsanitize-recover, halt_on_error=0).
void on_sanitizer_report(const char* report) {
  Machine& m = machine;
  if (!m.running || m.current == nullptr) return;
  const std::string text(report);
  const std::size_t begin = text.find("AddressSanitizer: ");
  const std::size_t frame = text.find("#0 ");
  std::string what = begin == std::string::npos
                         ? "AddressSanitizer reported an error"
                         : text.substr(begin, text.find('\n', begin) - begin);
  if (frame != std::string::npos) {
    what += ", " + text.substr(frame, text.find('\n', frame) - frame);
  }
  m.find(Kind::kSanitizer, what, {}, m.current->linear);
}

int fail(int error) {
  last_error() = error;
  return error;
}

void run_blocks(std::uint64_t blocks) {
  Machine& m = machine;
  m.schedule.begin_launch(blocks);
  m.steps = m.options.step_limit;
  for (std::uint64_t i = 0; i < blocks && !m.failed; ++i) {
    const std::uint64_t block = m.schedule.block_at(i);
    m.report.schedule_hash = m.report.schedule_hash * 31 + block + 1;
    m.run_block(block);
  }
  m.report.random_decisions = m.schedule.decided();
}

}  // namespace

int& last_error() { return sticky_error; }

void allow_dynamic_shared(std::size_t bytes) { opted_in = std::max(opted_in, bytes); }

int launch(const LaunchShape& shape, Entry entry, void* parameters, std::size_t parameter_bytes,
           bool checked) {
  Machine& m = machine;
  const char here = 0;
  if (m.running && m.stacks.contains(&here)) {
    device_error(Kind::kUnsupported, "a kernel launches a kernel: not supported on the CPU",
                 {"", 0});
  }
  const std::lock_guard<std::mutex> lock(one_launch_at_a_time);
  if (!possible(shape)) return fail(kErrorInvalidConfiguration);
  if (shape.dynamic_shared > kMaxShared || shape.dynamic_shared > opted_in) {
    return fail(kErrorInvalidValue);
  }
  if (m.failed) return fail(kErrorLaunchFailure);
  if (__asan_set_error_report_callback != nullptr) {
    __asan_set_error_report_callback(&on_sanitizer_report);
  }
  m.entry = entry;
  m.parameters = parameters;
  m.checked = checked;
  if (!m.set_up(shape)) return fail(kErrorMemoryAllocation);
  ++m.report.launches;
  if (checked) check::begin_launch(parameters, parameter_bytes);
  run_blocks(std::uint64_t{shape.grid.x} * shape.grid.y * shape.grid.z);
  if (checked) check::end_launch();
  return m.failed ? fail(kErrorLaunchFailure) : kSuccess;
}

void device_error(Kind kind, const char* what, Site site) {
  Machine& m = machine;
  // No string may outlive this statement: the frame is left for good.
  m.find(kind,
         what + (site.line == 0 ? std::string() : " at " + text(site)) + ", thread " +
             std::to_string(m.current->linear),
         place_of(site), m.current->linear);
  m.abort_launch();
}

unsigned lane_id() { return machine.current->lane; }

unsigned live_lanes() { return machine.warp[machine.current->warp].live; }

void yield() {
  Thread& self = *machine.current;
  machine.sleep(self);
  machine.leave(self);
}

std::uint64_t device_clock() { return machine.report.decisions; }

std::uint64_t launch_key() { return machine.schedule.launch_key(); }

}  // namespace attest::simt
