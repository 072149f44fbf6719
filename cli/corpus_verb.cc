// attest corpus check, merge and prune.
#include <cstdio>
#include <vector>

#include "campaign/corpus_tools.h"
#include "cli/arguments.h"
#include "cli/verbs.h"

namespace attest::cli {
namespace {

class CorpusVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->require_subcommand(1);
    check_ = app->add_subcommand("check", "Replay all cases: does each do what its file records?");
    merge_ = app->add_subcommand("merge", "Copy cases that are new into a folder");
    prune_ = app->add_subcommand("prune", "List cases that others stand for, or remove them");
    for (CLI::App* verb : {check_, prune_}) {
      verb->add_option("DIR", folder_, "A folder of cases")->required();
      common_.add_to(verb);
      common_.add_session_to(verb);
    }
    prune_->add_flag("--remove", remove_, "Remove them, instead of listing them");
    merge_
        ->add_option("PATH", paths_,
                     "FROM... INTO: folders or case files, and the folder to copy into")
        ->required()
        ->expected(2, -1);
  }

  int run(const Invocation&) const override {
    if (merge_->parsed()) {
      return campaign::merge_corpus({paths_.begin(), paths_.end() - 1}, paths_.back(), stdout);
    }
    campaign::CorpusOptions options;
    options.folder = folder(folder_, "DIR");
    options.kernels = common_.kernels;
    options.session = common_.session();
    return check_->parsed() ? campaign::check_corpus(options, stdout)
                            : campaign::prune_corpus(options, remove_, stdout);
  }

 private:
  CLI::App *check_ = nullptr, *merge_ = nullptr, *prune_ = nullptr;
  std::string folder_;
  std::vector<std::string> paths_;
  bool remove_ = false;
  Common common_;
};

}  // namespace

std::unique_ptr<Verb> corpus_verb() { return std::make_unique<CorpusVerb>(); }

}  // namespace attest::cli
