#!/usr/bin/env python3
"""PyTorch's scaled_dot_product_attention on the calls of bench_gpu, as a Markdown table, to be read beside it.

Times are taken as bench_gpu takes them: the median of 15 samples of a CUDA graph that repeats the call back to back.
Bytes and FLOPs are counted alike: every element once, two for each multiply-add over a visible key. PyTorch knows no
pages: keys and values are contiguous.

Run: torch_sdpa.py        Exit codes: 0, 4 there is no PyTorch or no device (one line says which).
"""

import statistics
import sys
import warnings

SAMPLES = 15
SAMPLE_MS = 2
MOST_REPEATS = 50


def fail(why):
    print(f"torch_sdpa: {why}", file=sys.stderr)
    sys.exit(4)


try:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention
except ImportError as error:
    fail(f"no PyTorch: {error}")
if not torch.cuda.is_available():
    fail("PyTorch finds no CUDA device")

BACKENDS = [
    ("flash", SDPBackend.FLASH_ATTENTION),
    ("cuDNN", SDPBackend.CUDNN_ATTENTION),
    ("memory-efficient", SDPBackend.EFFICIENT_ATTENTION),
    ("math", SDPBackend.MATH),
]
DTYPES = {"f16": torch.float16, "f32": torch.float32}

# batch, q_len, kv_len, query heads, KV heads, head_dim: sizes_for() and goals() of bench_gpu.
CALLS = [
    ("f16", 1, 64, 64, 32, 8, 128),
    ("f16", 1, 2048, 2048, 32, 8, 128),
    ("f16", 1, 4096, 4096, 32, 32, 128),
    ("f32", 1, 64, 64, 32, 8, 128),
    ("f32", 1, 2048, 2048, 32, 8, 128),
    ("f16", 16, 1, 64, 32, 8, 128),
    ("f16", 16, 1, 2048, 32, 8, 128),
    ("f16", 64, 1, 4096, 8, 8, 128),
    ("f16", 64, 1, 4096, 32, 8, 128),
]


def milliseconds(graph):
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    graph.replay()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def captured(call, repeats):
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            call()
    return graph


def seconds_of(call):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    once = captured(call, 1)
    milliseconds(once)
    repeats = max(1, min(MOST_REPEATS, int(SAMPLE_MS / max(milliseconds(once), 1e-4))))
    many = captured(call, repeats)
    milliseconds(many)
    return 1e-3 * statistics.median(milliseconds(many) for _ in range(SAMPLES)) / repeats


def row_of(dtype, batch, q_len, kv_len, q_heads, kv_heads, dim, backend):
    def noise(length, heads):
        return torch.rand(batch, heads, length, dim, device="cuda", dtype=DTYPES[dtype]) * 2 - 1

    q, k, v = noise(q_len, q_heads), noise(kv_len, kv_heads), noise(kv_len, kv_heads)
    causal = q_len > 1  # one query at the end sees every key; PyTorch would align it at the first

    def call():
        scaled_dot_product_attention(q, k, v, is_causal=causal, scale=0.088, enable_gqa=q_heads != kv_heads)

    with sdpa_kernel(backend):
        seconds = seconds_of(call)
    pairs = batch * (q_len * (q_len + 1) // 2 if causal else q_len * kv_len)
    flops = 4 * pairs * q_heads * dim
    moved = (2 * q.numel() + k.numel() + v.numel()) * q.element_size()
    return seconds, moved, flops


def matrix_flops():
    """Floating-point operations per second of a large matrix product in f16, as cuBLAS does it."""
    size = 8192
    a, b = (torch.rand(size, size, device="cuda", dtype=torch.float16) - 0.5 for _ in range(2))
    return 2 * size**3 / seconds_of(lambda: torch.matmul(a, b))


def main():
    warnings.filterwarnings("ignore")  # why a backend does not serve a call, which the table says
    device = torch.cuda.get_device_name()
    print(
        f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, on {device}; "
        f"matrix product of 8192 x 8192 in f16: {matrix_flops() * 1e-12:.0f} TFLOP/s\n"
    )
    print("| backend | call | time | MB | GB/s | GFLOP | TFLOP/s |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for call in CALLS:
        dtype, batch, q_len, kv_len, q_heads, kv_heads, dim = call
        sizes = f"{dtype}, batch {batch}, q {q_len}, kv {kv_len}, heads {q_heads}/{kv_heads}, D {dim}"
        for name, backend in BACKENDS:
            try:
                seconds, moved, flops = row_of(*call, backend)
            except Exception as error:  # a backend that does not serve the call, in its own words
                why = str(error).strip().splitlines()
                print(f"| {name} | {sizes} | {(why[0] if why else type(error).__name__)[:60]} | | | | |")
                continue
            print(
                f"| {name} | {sizes} | {seconds * 1e6:.1f} us | {moved * 1e-6:.2f} | {moved / seconds * 1e-9:.0f} "
                f"| {flops * 1e-9:.3f} | {flops / seconds * 1e-12:.2f} |"
            )
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
