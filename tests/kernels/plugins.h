// Where the plug-ins of the tests lie.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "kernels/session.h"

namespace attest::tests {

inline std::string plugin(const std::string& name) {
  return std::string(ATTEST_PLUGIN_DIR) + "/" + name + ".so";
}

/// One kernel of plugins/misbehaving.c.
inline kernels::KernelInfo misbehaving(const std::string& name) {
  static const std::vector<kernels::KernelInfo> infos =
      kernels::plugin_infos(plugin("misbehaving"));
  for (const kernels::KernelInfo& info : infos) {
    if (info.name == name) return info;
  }
  ADD_FAILURE() << "no test kernel " << name;
  return {};
}

}  // namespace attest::tests
