// attest compare.
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "campaign/compare.h"
#include "campaign/errors.h"
#include "campaign/select.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "problem/text.h"

namespace attest::cli {
namespace {

class CompareVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->add_option("A", a_, "A kernel: its name, or LIB:NAME of a plug-in")->required();
    app->add_option("B", b_, "The kernel it is held against")->required();
    budget_.add_to(app, "Time to search, such as 10s, 5m or 1h (default 60s)",
                   "Cases to draw, instead of a time");
    app->add_option("--corpus", corpus_, "Folder that a failing case is saved in")
        ->check(not_empty())
        ->type_name("DIR");
    common_.add_session_to(app);
  }

  int run(const Invocation& invocation) const override {
    campaign::CompareOptions options;
    options.session = common_.session();
    budget_.apply_to(options);
    if (!corpus_.empty()) options.failures = folder(corpus_, "--corpus");
    for (const auto& [text, info] : {std::pair{&a_, &options.a}, std::pair{&b_, &options.b}}) {
      const std::string argument[] = {*text};
      const std::vector<kernels::KernelInfo> found = campaign::select_kernels(argument);
      if (found.size() != 1) {
        throw campaign::UsageError(fmt::format("compare: '{}' names {} kernels: one is wanted",
                                               problem::printable(*text, 400), found.size()));
      }
      *info = found.front();
    }
    options.command = invocation.command;
    return campaign::compare(options, stdout);
  }

 private:
  std::string a_, b_, corpus_;
  Common common_;
  Budget budget_;
};

}  // namespace

std::unique_ptr<Verb> compare_verb() { return std::make_unique<CompareVerb>(); }

}  // namespace attest::cli
