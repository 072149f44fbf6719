#include "campaign/shrink_file.h"

#include <utility>

#include <fmt/format.h>

#include "campaign/file_failures.h"
#include "campaign/path_text.h"
#include "campaign/replay.h"
#include "campaign/select.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {

int shrink_file(const ShrinkFileOptions& options, std::FILE* out) {
  const std::vector<StoredCase> read = read_stored({options.path});
  const StoredCase& stored = read.front();
  std::vector<kernels::KernelInfo> selected;
  if (!options.kernels.empty()) selected = select_kernels(options.kernels);

  const std::string name = path_text(options.path);
  bool judged = false;
  for (const kernels::KernelInfo& info : kernels_for(stored, selected)) {
    const auto session = kernels::open_session(info, options.session);
    properties::Harness harness(*session);
    const problem::Verdict first = run_stored(stored, harness);
    judged |= first.status == problem::Status::kPass;
    if (!first.failed()) continue;

    problem::Case start = stored.value;
    start.kernel = info.name;
    const Shrunk shrunk = shrink_case(*stored.property, start, first, harness, options.limits);
    std::filesystem::path path;
    if (options.output) {
      path = *options.output;
      corpus::save_case(shrunk.minimal, path);
    } else {
      path = save_failure(shrunk.minimal,
                          options.path.has_parent_path() ? options.path.parent_path() : ".");
    }
    std::string text = fmt::format("{}  {}  {}\n  from     {}\n  to       {}\n", name,
                                   problem::printable(info.name), stored.property->id,
                                   size_text(stored.value), size_text(shrunk.minimal));
    text += shrunk.shrunk ? fmt::format("  shrunk   {}\n", shrink_text(*shrunk.minimal.shrink))
                          : fmt::format("  shrunk   no: {}\n", shrunk.why_not);
    text += fmt::format("  message  {}\n  {}\n", problem::printable(shrunk.verdict.message),
                        replay_line(options.command, &info, path));
    std::fputs(text.c_str(), out);
    return 1;
  }
  const std::string text = fmt::format("{}: {}; nothing to shrink\n", name,
                                       judged ? "holds" : "no kernel here could judge it");
  std::fputs(text.c_str(), out);
  return judged ? 0 : 2;
}

}  // namespace attest::campaign
