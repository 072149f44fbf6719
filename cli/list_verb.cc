// attest list.
#include <cstdio>

#include <fmt/format.h>

#include "campaign/list.h"
#include "campaign/select.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "kernels/registry.h"

namespace attest::cli {
namespace {

class ListVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    common_.add_to(app);
    app->add_flag("--properties", properties_, "List properties instead of kernels");
    app->add_option("-p,--property", property_globs_, "List these properties")
        ->allow_extra_args(false)
        ->type_name("GLOB");
  }

  int run(const Invocation&) const override {
    if (properties_ || !property_globs_.empty()) {
      const std::string text =
          campaign::list_properties(campaign::select_properties(property_globs_));
      std::fputs(text.c_str(), stdout);
      return kHolds;
    }
    std::string text = campaign::list_kernels(campaign::select_kernels(common_.kernels));
    std::size_t planted = 0;
    for (const kernels::KernelInfo& info : kernels::builtin_infos()) {
      planted += kernels::is_planted(info) ? 1 : 0;
    }
    if (common_.kernels.empty() && planted > 0) {
      text += fmt::format("and {} that are wrong on purpose: attest list --kernel 'planted/*'\n",
                          planted);
    }
    std::fputs(text.c_str(), stdout);
    return kHolds;
  }

 private:
  Common common_;
  bool properties_ = false;
  std::vector<std::string> property_globs_;
};

}  // namespace

std::unique_ptr<Verb> list_verb() { return std::make_unique<ListVerb>(); }

}  // namespace attest::cli
