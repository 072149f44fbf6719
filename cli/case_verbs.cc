// The verbs for case files: attest replay, show and shrink.
#include <cstdio>

#include "campaign/arguments.h"
#include "campaign/replay.h"
#include "campaign/show.h"
#include "campaign/shrink_file.h"
#include "cli/arguments.h"
#include "cli/verbs.h"

namespace attest::cli {
namespace {

class ReplayVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->add_option("CASE", paths_, "Case files, or folders of them")->required();
    common_.add_to(app);
    common_.add_session_to(app);
  }

  int run(const Invocation&) const override {
    campaign::ReplayOptions options;
    options.paths.assign(paths_.begin(), paths_.end());
    options.kernels = common_.kernels;
    options.session = common_.session();
    return campaign::replay(options, stdout);
  }

 private:
  std::vector<std::string> paths_;
  Common common_;
};

class ShowVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->add_option("CASE", path_, "A case file")->required();
    common_.add_to(app);
    common_.add_session_to(app);
  }

  int run(const Invocation&) const override {
    const std::string text = campaign::show({path_, common_.kernels, common_.session()});
    std::fputs(text.c_str(), stdout);
    return kHolds;
  }

 private:
  std::string path_;
  Common common_;
};

class ShrinkVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->add_option("CASE", path_, "A failing case file")->required();
    app->add_option("-o,--output", output_,
                    "Where to write the smaller case (default: beside CASE)")
        ->check(not_empty())
        ->type_name("FILE");
    app->add_option("--for", time_, "Time to shrink (default 20s)")
        ->check(not_empty())
        ->type_name("TIME");
    app->add_option("--evaluations", evaluations_, "Checks to spend (default 2000)")
        ->check(not_empty())
        ->type_name("N");
    common_.add_to(app);
    common_.add_session_to(app);
  }

  int run(const Invocation& invocation) const override {
    campaign::ShrinkFileOptions options;
    options.path = path_;
    if (!output_.empty()) options.output = output_;
    if (!time_.empty()) options.limits.time = campaign::parse_duration(time_, "--for");
    if (!evaluations_.empty()) {
      options.limits.evaluations =
          campaign::parse_count(evaluations_, "--evaluations", 1, 1'000'000'000);
    }
    options.kernels = common_.kernels;
    options.session = common_.session();
    options.command = invocation.command;
    return campaign::shrink_file(options, stdout);
  }

 private:
  std::string path_, output_, time_, evaluations_;
  Common common_;
};

}  // namespace

std::unique_ptr<Verb> replay_verb() { return std::make_unique<ReplayVerb>(); }
std::unique_ptr<Verb> show_verb() { return std::make_unique<ShowVerb>(); }
std::unique_ptr<Verb> shrink_verb() { return std::make_unique<ShrinkVerb>(); }

}  // namespace attest::cli
