// The program and the libraries in memory: code addresses in few bits, and static data.
#pragma once

namespace attest::simt::check {

/// Finds out anew which modules are loaded.
void refresh_modules();
/// Whether p lies in the image of a loaded module: tables, __device__ and __constant__ variables.
bool in_static_data(const void* p);
/// The lowest address of the module that this is linked into.
extern const char* own_module;

}  // namespace attest::simt::check
