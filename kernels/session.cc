#include "kernels/session.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "kernels/base_session.h"
#include "kernels/gpu/device.h"
#include "kernels/kernel_object.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

class InProcessSession : public BaseSession {
 public:
  explicit InProcessSession(const KernelInfo& info) : BaseSession(info) {
    try {
      kernel_.emplace(info.library, info.name, &mailbox().defect_mark, arena());
    } catch (const ContractError& error) {
      throw PluginError(library_of(info), error.what());
    }
  }

  void restart() override { kernel_->destroy(); }

 protected:
  RunResult deliver(Operation operation, const void* argument, Answer* answer) override {
    if (!kernel_->created()) {
      begin_generation();
      const RunResult created = to_result(kernel_->create());
      if (!created.ok()) return create_failed(created);
    }
    *answer = kernel_->call(operation, argument, schedule(), device_mode());
    RunResult result = to_result(*answer);
    // Whatever it wanted the memory for is half done.
    if (result.outcome == Outcome::kCrash) kernel_->destroy();
    return result;
  }

 private:
  std::optional<KernelObject> kernel_;
};

}  // namespace

std::uint64_t default_kernel_memory() {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  const auto pages = static_cast<std::uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::clamp(pages * page / 4, kGiB, 8 * kGiB);
}

void require_device(const KernelInfo& info, bool in_process) {
  if (info.capabilities.device != ATTEST_CUDA) return;
  const std::optional<std::string> why = gpu::why_no_device(in_process);
  if (!why) return;
  constexpr std::string_view kPrefix = "cuda/";
  const bool built_in = info.library.empty() && info.name.starts_with(kPrefix);
  throw NoDeviceError(fmt::format(
      "kernel '{}' needs a CUDA device ({}); {}", info.name, *why,
      built_in ? fmt::format("on the CPU: --kernel simt/{}", info.name.substr(kPrefix.size()))
               : "build it for the CPU with attest_add_cuda_kernel()"));
}

std::unique_ptr<Session> open_session(const KernelInfo& info, const SessionOptions& options) {
  validate(info);
  require_device(info, options.in_process);
  if (options.in_process) return std::make_unique<InProcessSession>(info);
  return open_forked_session(info, options);
}

}  // namespace attest::kernels
