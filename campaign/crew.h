// Lanes: processes of one thread each that share the work of one phase, and the supervisor's loop
// over them. Forked instead of threads, because kernel sessions fork too and a lane may die.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace attest::campaign {

/// A lane's way to talk to the supervisor.
class Channel {
 public:
  Channel(int lane, std::function<void(char kind, std::string_view)> write)
      : lane_(lane), write_(std::move(write)) {}
  int lane() const { return lane_; }
  /// Delivered whole, in order, even when the lane dies right after; in the journal first, if there
  /// is one.
  void send(std::string_view message) const { write_('M', message); }

 private:
  int lane_;
  std::function<void(char, std::string_view)> write_;
};

struct CrewOptions {
  int lanes = 1;
  bool inline_lane = false;  ///< one lane, in this process: for debuggers
  std::function<void(std::string_view message)> on_message;
  std::function<void()> on_tick;                  ///< a few times a second
  std::function<void()> on_interrupt;             ///< once, at the first Ctrl-C: tell lanes to stop
  std::function<std::string(int lane)> describe;  ///< what a lane is doing, for its obituary
  /// Folder for a journal per lane of all that it sends, and what these messages are (one letter).
  std::optional<std::filesystem::path> journals;
  char tag = 'M';
};

/// What lanes sent in earlier crews that had this folder, lane by lane, each in its order.
void read_journals(const std::filesystem::path& folder, int lanes,
                   const std::function<void(char tag, std::string_view message)>& visit);

/// Runs `body` in every lane and returns when all have ended. After Ctrl-C lanes get a few seconds.
/// Throws: ContractError with what a lane threw or how it died, after stopping the others;
///         SystemError when no process can be made, or when a lane threw one (a full disk).
void run_crew(const CrewOptions& options, const std::function<void(const Channel&)>& body);

}  // namespace attest::campaign
