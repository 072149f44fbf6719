#include "kernels/worker.h"

#include <cstring>
#include <exception>
#include <optional>
#include <unistd.h>

#include "kernels/child_process.h"

namespace attest::kernels {
namespace {

class Line {
 public:
  Line(int commands, int replies) : commands_(commands), replies_(replies), self_(getpid()) {}

  bool hear(Command* command) const { return read_all(commands_, command, sizeof(*command)); }

  void say(Stage stage, std::uint64_t sequence, const Answer& answer) const {
    // A kernel that forked comes back twice; only one of the two speaks.
    if (getpid() != self_) _exit(0);
    Reply reply;
    reply.stage = stage;
    reply.sequence = sequence;
    reply.answer = answer;
    if (!write_all(replies_, &reply, sizeof(reply))) _exit(kExitPipeGone);
  }

 private:
  int commands_;
  int replies_;
  pid_t self_;
};

}  // namespace

void serve(const std::string& library, const std::string& name, int commands, int replies,
           std::int32_t* defect_mark) {
  const Line line(commands, replies);
  std::optional<KernelObject> kernel;
  try {
    kernel.emplace(library, name, defect_mark);
  } catch (const std::exception& error) {
    Answer why;
    why.status = ATTEST_FAILED;
    std::strncpy(why.message, error.what(), sizeof(why.message) - 1);
    line.say(Stage::kCannotLoad, 0, why);
    return;
  }
  line.say(Stage::kLoaded, 0, {});
  const Answer created = kernel->create();
  line.say(Stage::kCreated, 0, created);
  if (created.status != ATTEST_OK) return;
  Command command{};
  while (line.hear(&command) && command.operation != Operation::kQuit) {
    line.say(Stage::kCalled, command.sequence, kernel->call(command.operation, command.argument));
  }
  kernel->destroy();
}

}  // namespace attest::kernels
