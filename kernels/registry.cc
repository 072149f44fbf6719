#include "kernels/registry.h"

#include <algorithm>
#include <fnmatch.h>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "kernels/builtin.h"
#include "kernels/session.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

bool matches(const std::string& pattern, const std::string& name) {
  return pattern == name || fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// "./lib.so:glob" -> ("./lib.so", "glob"); a path alone has the glob "*"; nothing when it is no
// path.
std::optional<std::pair<std::string, std::string>> split_plugin(const std::string& argument) {
  if (const std::size_t at = argument.rfind(".so:"); at != std::string::npos) {
    return std::pair(argument.substr(0, at + 3), argument.substr(at + 4));
  }
  const auto begins = [&](std::string_view with) { return argument.starts_with(with); };
  if (begins("/") || begins("./") || begins("../") || argument.ends_with(".so")) {
    return std::pair(argument, std::string("*"));
  }
  return std::nullopt;
}

void add_once(std::vector<KernelInfo>& kernels, std::vector<KernelInfo> more) {
  for (KernelInfo& info : more) {
    const bool known = std::any_of(kernels.begin(), kernels.end(), [&](const KernelInfo& k) {
      return k.name == info.name && k.library == info.library;
    });
    if (!known) kernels.push_back(std::move(info));
  }
}

}  // namespace

bool is_planted(const KernelInfo& info) {
  return info.library.empty() && info.name.starts_with("planted/");
}

namespace {

/// What is meant when no kernel is named. Those of mode check are slower versions of others.
bool is_usual(const KernelInfo& info) {
  return info.library.empty() && !is_planted(info) && info.capabilities.device == ATTEST_CPU &&
         !info.name.starts_with("check/");
}

}  // namespace

std::vector<KernelInfo> select_kernels(std::span<const KernelInfo> infos,
                                       std::span<const std::string> patterns) {
  for (const std::string& pattern : patterns) {
    const bool used = std::any_of(infos.begin(), infos.end(), [&](const KernelInfo& info) {
      return matches(pattern, info.name);
    });
    if (used) continue;
    std::vector<std::string> names;
    for (const KernelInfo& info : infos) names.push_back(info.name);
    throw ContractError(fmt::format("no kernel matches '{}'{}", printable(pattern, 120),
                                    did_you_mean(pattern, names)));
  }
  std::vector<KernelInfo> selected;
  for (const KernelInfo& info : infos) {
    const bool wanted =
        patterns.empty()
            ? is_usual(info)
            : std::any_of(patterns.begin(), patterns.end(),
                          [&](const std::string& pattern) { return matches(pattern, info.name); });
    if (wanted) selected.push_back(info);
  }
  return selected;
}

std::vector<KernelInfo> find_kernels(std::span<const std::string> arguments) {
  std::vector<std::string> patterns;
  std::vector<KernelInfo> from_plugins;
  for (const std::string& argument : arguments) {
    const auto plugin = split_plugin(argument);
    if (!plugin) {
      patterns.push_back(argument);
      continue;
    }
    const std::vector<KernelInfo> infos = plugin_infos(plugin->first);
    const std::string globs[] = {plugin->second};
    add_once(from_plugins, select_kernels(infos, globs));
  }
  std::vector<KernelInfo> kernels;
  if (!patterns.empty() || arguments.empty()) kernels = select_kernels(builtin_infos(), patterns);
  add_once(kernels, std::move(from_plugins));
  return kernels;
}

std::vector<KernelInfo> builtin_infos() {
  std::vector<KernelInfo> infos;
  for (const attest_kernel* kernel : builtin_kernels()) {
    infos.push_back(describe(*kernel));
    infos.back().on_executor = runs_on_executor(*kernel);
  }
  std::stable_partition(infos.begin(), infos.end(),
                        [](const KernelInfo& info) { return !is_planted(info); });
  return infos;
}

}  // namespace attest::kernels
