// write_card() of campaign/card_writers.h.
#include <functional>

#include <fmt/format.h>

#include "campaign/card_writers.h"
#include "campaign/file_failures.h"
#include "corpus/file_io.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

void note_errors(Card& card, const std::function<void()>& write) {
  try {
    write();
  } catch (const SystemError& error) {
    if (card.not_written.empty()) card.not_written = error.what();
  }
}

}  // namespace

void write_card(Card& card, const std::filesystem::path& folder, const std::string& command) {
  for (CardBug& bug : card.bugs) {
    if (!bug.first) continue;
    try {
      bug.first->path = save_failure(bug.first->minimal, folder / "cases");
    } catch (const SystemError& error) {
      bug.first->why_not_saved = error.what();
      if (card.not_written.empty()) card.not_written = error.what();
    }
  }
  // Also when no bug was killed and no case made the folder.
  std::error_code ignored;  // writing says it better
  std::filesystem::create_directories(folder, ignored);
  const auto write = [&](const char* name, const std::string& text) {
    note_errors(card, [&] { corpus::write_file_atomically(folder / name, text); });
  };
  write("mutation-report.json", card_stryker(card, source_root()));
  write("kill-matrix.md", card_markdown(card));
  write("kill-matrix.svg", card_svg(card));
  write("mutants.txt", card_text(card, command));
}

}  // namespace attest::campaign
