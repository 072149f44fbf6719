#include <dlfcn.h>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kernels/session.h"
#include "problem/errors.h"
#include "tests/kernels/plugins.h"

namespace attest::kernels {
namespace {

using std::chrono::milliseconds;
using tests::plugin;

std::string loading_complaint(const std::string& path,
                              milliseconds timeout = milliseconds(20'000)) {
  try {
    plugin_infos(path, timeout);
  } catch (const PluginError& error) {
    return error.what();
  }
  return "";
}

TEST(PluginInfos, AreWhatThePluginDeclares) {
  const std::vector<KernelInfo> infos = plugin_infos(plugin("misbehaving"));
  ASSERT_GT(infos.size(), 10u);
  EXPECT_EQ(infos[0].name, "innocent");
  EXPECT_EQ(infos[0].description, "fills o\\x09with ones");
  EXPECT_EQ(infos[0].library, plugin("misbehaving"));
  EXPECT_TRUE(infos[1].promised(ATTEST_PROMISE_VALIDATES));
}

TEST(PluginInfos, AreReadWithoutLoadingThePluginHere) {
  plugin_infos(plugin("longer"));
  EXPECT_EQ(dlopen(plugin("longer").c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
}

TEST(PluginInfos, StepOverStructsOfAnotherSize) {
  for (const char* name : {"shorter", "longer"}) {
    const std::vector<KernelInfo> infos = plugin_infos(plugin(name));
    ASSERT_EQ(infos.size(), 2u) << name;
    EXPECT_EQ(infos[0].name, "first");
    EXPECT_EQ(infos[1].name, "second");
    EXPECT_NO_THROW(open_session(infos[1], {}));
  }
}

struct Unusable {
  const char* reason;
  const char* says;

  // Else the test's listing would show addresses, which differ from run to run.
  friend void PrintTo(const Unusable& unusable, std::ostream* out) { *out << unusable.reason; }
};

class PluginInfosOf : public ::testing::TestWithParam<Unusable> {};
INSTANTIATE_TEST_SUITE_P(
    Plugin, PluginInfosOf,
    ::testing::Values(
        Unusable{"no_symbol", "is no kernel plug-in: it does not export attest_kernels"},
        Unusable{"other_abi", "was built for another ABI: attest_kernels(1) returned NULL"},
        Unusable{"no_kernels", "exports no kernels"},
        Unusable{"a_million_kernels", "exports 1000000 kernels, at most 1024 are possible"},
        Unusable{"zero_heads",
                 "kernel 'mine': capabilities.num_kv_heads.list[0] = 0: must be >= 1"},
        Unusable{"negative_head_dim",
                 "kernel 'mine': capabilities.head_dim_qk.min = -4: must be >= 1"},
        Unusable{"no_function",
                 "kernel 'mine': operations has ATTEST_OP_ATTEND, but the function is NULL"},
        Unusable{"bad_name", "kernel name 'Mine \\x1b[31m': must match [a-z0-9_./-]{1,100}"},
        Unusable{"same_name_twice", "exports two kernels named 'mine'"},
        Unusable{"crash_when_asked", "crashed while being loaded: signal 11 (Segmentation fault)"},
        Unusable{"crash_on_load", "crashed while being loaded: signal 11 (Segmentation fault)"},
        Unusable{"exit_on_load", "crashed while being loaded: exit code 3"}),
    [](const auto& unusable) { return std::string(unusable.param.reason); });

TEST_P(PluginInfosOf, SaysInOneLineWhyItIsUnusable) {
  EXPECT_EQ(loading_complaint(plugin(GetParam().reason)),
            plugin(GetParam().reason) + ": " + GetParam().says);
}

TEST(PluginInfos, SayHowLargeAStructHasToBe) {
  EXPECT_NE(loading_complaint(plugin("tiny_struct"))
                .find(": struct_size = 8: must be sizeof(attest_kernel)"),
            std::string::npos);
}

TEST(PluginInfos, EndALibraryThatHangs) {
  EXPECT_EQ(loading_complaint(plugin("hang_on_load"), milliseconds(300)),
            plugin("hang_on_load") + ": did not finish loading within 0.3 s");
}

TEST(PluginInfos, NeedAFile) {
  EXPECT_EQ(loading_complaint("no/such/lib.so"), "no/such/lib.so: no such file");
  EXPECT_EQ(loading_complaint("/tmp"), "/tmp: is a directory, not a kernel plug-in");
  EXPECT_EQ(loading_complaint("/dev/null"), "/dev/null: is no regular file");
  EXPECT_EQ(loading_complaint(""), ": is no file name");
  EXPECT_EQ(loading_complaint("a\033b.so"), "a\\x1bb.so: no such file");
}

TEST(PluginInfos, NeedAnElfFile) {
  const std::string folder = ::testing::TempDir() + "attest_loader_test";
  mkdir(folder.c_str(), 0700);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  };
  const std::string text = write("text.so", "I am a library, honestly.");
  EXPECT_EQ(loading_complaint(text), text + ": is no shared library (not an ELF file)");
  const std::string empty = write("empty.so", "");
  EXPECT_EQ(loading_complaint(empty), empty + ": is no shared library (not an ELF file)");
  const std::string broken = write("broken.so", "\177ELF and then nothing of the kind");
  EXPECT_EQ(loading_complaint(broken).find(broken + ": cannot be loaded: "), 0u)
      << loading_complaint(broken);
}

}  // namespace
}  // namespace attest::kernels
