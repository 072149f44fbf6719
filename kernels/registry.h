// Which kernels a command means: built-in ones by name or glob, plug-ins by path.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/kernel_info.h"

namespace attest::kernels {

/// Kernels that are wrong on purpose carry this prefix and are used only when asked for.
bool is_planted(const KernelInfo& info);

/// The kernels of `infos` whose names match one of the globs (*, ?, [...]; * matches "/" too), in
/// the order of `infos`, each once. Without patterns: the built-in kernels that are not planted,
/// need no GPU and are not of mode check.
/// Throws ContractError for a pattern that matches nothing, naming kernels with similar names.
std::vector<KernelInfo> select_kernels(std::span<const KernelInfo> infos,
                                       std::span<const std::string> patterns);

/// The same for what a user writes after --kernel, plug-ins included: "dense/*", "./libmine.so"
/// (all its kernels),
/// "./libmine.so:decode*". An argument names a plug-in when it begins with "/", "./" or "../", ends
/// in ".so" or has ".so:" in it. Loads each plug-in in a process of its own (plugin_infos). Throws
/// ContractError and PluginError.
std::vector<KernelInfo> find_kernels(std::span<const std::string> arguments);

}  // namespace attest::kernels
