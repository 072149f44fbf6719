// The session of a kernel in a process of its own.
#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "kernels/base_session.h"
#include "kernels/child_process.h"
#include "kernels/gpu/service.h"
#include "kernels/own_time.h"
#include "kernels/symbols.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;

// How long it sleeps before it looks whether the other side is alive.
constexpr std::chrono::nanoseconds kFirstNap = Milliseconds(2);
constexpr std::chrono::nanoseconds kLongestNap = Milliseconds(100);
// A call hangs at the latest after so many timeouts, if the machine is so busy that it never had
// the time it was promised.
constexpr int kBusiest = 20;
constexpr Milliseconds kDying = Milliseconds(20'000);
// For a process to end by itself. To be killed would be the end of the service, too.
constexpr Milliseconds kGrace = Milliseconds(500);
constexpr Milliseconds kServedGrace = Milliseconds(5'000);
// Making a context takes a tenth of a second, and much longer on a large machine whose driver was
// asleep, or where many ask at once.
constexpr Milliseconds kStartOfDevice = Milliseconds(60'000);
constexpr int kLooksAtHang = 100;  // a millisecond each
constexpr std::size_t kMostWords = 300;

/// What a kernel wrote to stderr before it died, as part of a line; "" when it wrote nothing.
std::string last_words(const ChildProcess& process) {
  std::string words = process.last_words();
  while (!words.empty() && words.back() == '\n') words.pop_back();
  // The last lines say why; a whole log says nothing.
  if (words.size() > kMostWords) {
    const std::size_t line = words.find('\n', words.size() - kMostWords);
    words.erase(0, line == std::string::npos ? words.size() - kMostWords : line + 1);
  }
  std::string text;
  for (const char c : words) text += c == '\n' ? std::string("; ") : std::string(1, c);
  return text.empty() ? "" : ": " + printable(text, kMostWords);
}

class ForkedSession : public BaseSession {
 public:
  ForkedSession(const KernelInfo& info, const SessionOptions& options)
      : BaseSession(info), options_(options) {
    Started started = start();
    if (!started.loaded && served_) {
      options_.service->give_up();
      started = start();
    }
    if (!started.loaded) throw PluginError(library_of(info), started.result.message);
    if (!started.result.ok()) at_open_ = std::move(started.result);
    watch_service();
  }

  ~ForkedSession() override { ForkedSession::restart(); }

  void restart() override {
    at_open_.reset();
    if (!process_) return;
    if (!process_->is_mine()) return process_.reset();
    command({0, 0, nullptr, Operation::kQuit, {}});
    const bool served = served_ && options_.service->on();
    const bool killed = process_->finish(served ? kServedGrace : kGrace).empty();
    if (killed && served) options_.service->give_up();
    process_.reset();
  }

  bool take_disturbed() override { return std::exchange(disturbed_, false); }

 protected:
  RunResult deliver(Operation operation, const void* argument, Answer* answer) override {
    if (process_ && served_ && !options_.service->on()) {
      // In the middle of a check what the kernel has been told goes with it.
      restart();
      disturbed_ = true;
    }
    RunResult result = ask(operation, argument, answer);
    watch_service();
    return result;
  }

 private:
  RunResult ask(Operation operation, const void* argument, Answer* answer) {
    if (at_open_) return *std::exchange(at_open_, std::nullopt);
    if (!process_) {
      if (const Started started = start(); !started.result.ok()) return started.result;
    }
    command({++sequence_, arena().placement(), argument, operation, schedule(), device_mode()});
    Reply reply;
    if (std::optional<RunResult> died = await(sequence_, {}, &reply)) return *died;
    if (reply.stage != Stage::kCalled) return scribbled();
    *answer = reply.answer;
    RunResult result = to_result(reply.answer);
    // Whatever it wanted the memory for is half done.
    if (result.outcome == Outcome::kCrash || reply.answer.wrecked != 0) process_.reset();
    return result;
  }

  /// After something was asked of a process that is served: one that did not live through it may
  /// have taken the service with it.
  void watch_service() {
    if (!served_) return;
    if (!process_) options_.service->give_up();
    disturbed_ |= !options_.service->on();
  }

  struct Started {
    RunResult result;
    bool loaded = true;
  };

  // A process with a loaded kernel and its object.
  Started start() {
    begin_generation();
    heard_ = 0;
    served_ = options_.service != nullptr && options_.service->on();
    process_.emplace(
        [this](int) {
          if (served_) options_.service->enter();
          serve(info().library, info().name, mailbox(), arena(), options_.patience.count(),
                memory_limit());
        },
        ChildProcess::Link::kNone);
    Reply reply;
    if (std::optional<RunResult> died =
            await(0, on_device() ? kStartOfDevice : Milliseconds(0), &reply)) {
      const bool loaded = mailbox().loaded != 0;
      died->message = (loaded ? "in create(): " : "while being loaded: ") + died->message;
      return {*died, loaded};
    }
    RunResult result = to_result(reply.answer);
    if (result.ok() && reply.stage == Stage::kCreated) return {result};
    process_.reset();
    if (reply.stage == Stage::kCannotLoad) return {failed(result.message), false};
    return {create_failed(result)};
  }

  void command(const Command& command) {
    mailbox().command = command;
    mailbox().commands.ring();
  }

  bool on_device() const { return info().capabilities.device == ATTEST_CUDA; }

  // The driver maps memory of the device as if it were the process's own.
  std::uint64_t memory_limit() const { return on_device() ? 0 : options_.memory; }

  // Waits for one reply, `least` or the timeout. Returns how the process died instead; then there
  // is none any more.
  std::optional<RunResult> await(std::uint64_t sequence, Milliseconds least, Reply* reply) {
    const Clock::time_point start = Clock::now();
    const Milliseconds timeout = std::max(options_.timeout, least);
    std::optional<OwnTime> own;
    // The child wakes us even when a signal kills it. Of other ways to die we learn by looking.
    std::chrono::nanoseconds nap = kFirstNap;
    Patience none{std::chrono::nanoseconds(0)};
    Patience* patience = &patience_;
    while (!mailbox().replies.wait(heard_, *patience, nap)) {
      if (process_->ended()) {
        if (mailbox().replies.rings() != heard_) break;  // it answered, and died after that
        return died();
      }
      if (!own) own.emplace(process_->pid(), start);
      const std::chrono::nanoseconds had = own->look();
      const std::chrono::nanoseconds left =
          std::min(timeout - had, kBusiest * timeout - (Clock::now() - start));
      if (left.count() <= 0) {
        // Who did not get on may as well have been this side, with the answer long there.
        if (mailbox().replies.rings() != heard_) break;
        return had < timeout ? hangs(kBusiest * timeout, " on a busy machine") : hangs(timeout, "");
      }
      nap = std::min({nap * 2, kLongestNap, left});
      patience = &none;
    }
    heard_ = mailbox().replies.rings();
    *reply = mailbox().reply;
    if (mailbox().crash.signal.load() != 0) return died();
    if (reply->magic != Reply::kMagic || reply->sequence != sequence) return scribbled();
    return std::nullopt;
  }

  RunResult died() {
    RunResult result;
    result.outcome = Outcome::kCrash;
    // One that has told of its signal is about to die of it, however slow the machine is.
    const bool told = mailbox().crash.signal.load() != 0;
    result.message = process_->finish(told ? kDying : Milliseconds(1000));
    if (result.message.empty()) result.message = "a signal that it survived";
    result.message += last_words(*process_);
    result.fault = fault();
    if (result.message.find("bad_alloc") != std::string::npos) {
      result.message = "out of memory: " + result.message;
    } else if (result.fault && result.fault->out_of_memory) {
      result.message = "out of memory, it seems: " + result.message;
    }
    process_.reset();
    return result;
  }

  RunResult hangs(Milliseconds time, const char* where) {
    RunResult result;
    result.outcome = Outcome::kHang;
    result.message =
        fmt::format("no answer within {:.1f} s{}", static_cast<double>(time.count()) / 1000, where);
    // It may still say where it is.
    process_->signal(SIGQUIT);
    for (int look = 0; look < kLooksAtHang && mailbox().crash.frames.load() == 0; ++look) {
      std::this_thread::sleep_for(Milliseconds(1));
    }
    std::this_thread::sleep_for(Milliseconds(1));  // the rest of the stack
    result.fault = fault();
    process_.reset();
    return result;
  }

  RunResult scribbled() {
    process_.reset();
    return RunResult{Outcome::kCrash, "wrote into memory that attest keeps for itself", ""};
  }

  std::optional<Fault> fault() {
    if (mailbox().crash.signal.load() == 0) return std::nullopt;
    return understand(mailbox().crash, symbols_);
  }

  SessionOptions options_;
  Patience patience_{options_.patience};
  std::optional<ChildProcess> process_;
  std::optional<RunResult> at_open_;  // how the first start went wrong; the first call's result
  bool served_ = false;               // the process, by options_.service
  bool disturbed_ = false;
  std::uint64_t sequence_ = 0;
  std::uint32_t heard_ = 0;
  Symbols symbols_;
};

}  // namespace

std::unique_ptr<Session> open_forked_session(const KernelInfo& info,
                                             const SessionOptions& options) {
  return std::make_unique<ForkedSession>(info, options);
}

}  // namespace attest::kernels
