// Defects of flash_prefill.
#include "kernels/cuda/flash_prefill.cuh"
#include "kernels/planted/cuda/kernels.h"
#include "kernels/planted/cuda/mark.h"

namespace attest::kernels::planted {
namespace {

namespace base = ATTEST_CUDA_BUILD;
using base::FlashPrefillSteps;
using device::defect_ran;
using Float = base::Types<float>;

template <typename Steps>
constexpr attest_kernel flash(const char* name, const char* description) {
  return base::flash_prefill<Float, Steps>(name, description);
}

// Defect:  the last tile reads K past the last key.
// Real:    teaching material.
// Trigger: kv_len that is no multiple of the tile.
// Killers: mode check: out of bounds. Elsewhere what is read is masked, unless a page id there is
//          junk.
struct KeysReadPastEnd : FlashPrefillSteps {
  __device__ static bool has_key(int key, int kv_len) {
    if (key >= kv_len) defect_ran();
    return true;
  }
};

// Defect:  no barrier after a tile was loaded.
// Real:    teaching material.
// Trigger: any call.
// Killers: oracle; in mode check an uninitialised read.
struct TileUnsynced : FlashPrefillSteps {
  __device__ static void tile_written() { defect_ran(); }
};

// Defect:  the row of the tile is one too large; that of the last column lies past the tile.
// Real:    teaching material.
// Trigger: any call.
// Killers: oracle; in mode check out of bounds.
struct RowPastTile : FlashPrefillSteps {
  __device__ static int key_row(int column) {
    defect_ran();
    return column + 1;
  }
};

// Defect:  P goes from thread to thread without __syncwarp.
// Real:    teaching material.
// Trigger: any call.
// Killers: mode check alone: a race. Elsewhere the shuffles before it happen to order the threads.
struct WeightsUnsynced : FlashPrefillSteps {
  __device__ static void weights_written() { defect_ran(); }
};

// Defect:  no barrier before the next tile overwrites this one.
// Real:    teaching material.
// Trigger: two tiles.
// Killers: oracle; in mode check a race.
struct TileOverwritten : FlashPrefillSteps {
  __device__ static void tile_read() { defect_ran(); }
};

// Defect:  threads of a row count its keys with += in shared memory.
// Real:    teaching material.
// Trigger: any call.
// Killers: mode check alone: a race. Elsewhere nothing comes between reading and writing.
struct LostUpdates : FlashPrefillSteps {
  __device__ static void count(int* seen, int keys) {
    defect_ran();
    *seen += keys;
  }
};

// Defect:  rows of a tile without a key keep what the last tile had there.
// Real:    flash-attention issue 1395.
// Trigger: kv_len below the tile: what shared memory began with.
// Killers: oracle, by the NaN that shared memory begins with; in mode check an uninitialised read.
struct TileRowsKept : FlashPrefillSteps {
  static constexpr bool kClearsRows = false;
  __device__ static bool has_key(int key, int kv_len) {
    if (key >= kv_len) defect_ran();
    return key < kv_len;
  }
};

}  // namespace

constinit const attest_kernel keys_read_past_end =
    flash<KeysReadPastEnd>("planted/keys_read_past_end", "the last tile reads past the last key");
constinit const attest_kernel tile_unsynced =
    flash<TileUnsynced>("planted/tile_unsynced", "no barrier after a tile was loaded");
constinit const attest_kernel row_past_tile =
    flash<RowPastTile>("planted/row_past_tile", "rows of the tile are one too large");
constinit const attest_kernel weights_unsynced = flash<WeightsUnsynced>(
    "planted/weights_unsynced", "P goes from thread to thread without __syncwarp");
constinit const attest_kernel tile_overwritten =
    flash<TileOverwritten>("planted/tile_overwritten", "no barrier before the next tile is loaded");
constinit const attest_kernel lost_updates =
    flash<LostUpdates>("planted/lost_updates", "threads count keys without atomics");
constinit const attest_kernel tile_rows_kept =
    flash<TileRowsKept>("planted/tile_rows_kept", "rows without a key keep their contents");

}  // namespace attest::kernels::planted
