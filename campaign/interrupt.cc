#include "campaign/interrupt.h"

namespace attest::campaign {
namespace {

volatile std::sig_atomic_t g_interruptions = 0;

void on_signal(int number) {
  g_interruptions = g_interruptions + 1;
  if (g_interruptions >= 3) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: the supervisor's poll() is to wake up
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

int interruptions() { return g_interruptions; }

}  // namespace attest::campaign
