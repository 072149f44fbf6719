#include "bench/gpu/measure.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>

#include "bench/gpu/cuda_error.h"

namespace attest::bench {
namespace {

constexpr std::size_t kSamples = 15;
constexpr float kSampleMs = 2;  // as long as it should be to say something
constexpr int kMostRepeats = 50;

/// What `enqueue` does, `repeats` times in a row, as a graph.
class Graph {
 public:
  Graph(const Enqueue& enqueue, int repeats, cudaStream_t stream) {
    require("cudaStreamBeginCapture",
            cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
      for (int i = 0; i < repeats; ++i) enqueue(stream);
    } catch (...) {
      cudaStreamEndCapture(stream, &graph_);  // the stream must not stay in capture
      throw;
    }
    require("cudaStreamEndCapture", cudaStreamEndCapture(stream, &graph_));
  }
  ~Graph() {
    if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
    if (graph_ != nullptr) cudaGraphDestroy(graph_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void instantiate() {
    require("cudaGraphInstantiate", cudaGraphInstantiate(&executable_, graph_, 0));
  }
  void launch(cudaStream_t stream) const {
    require("cudaGraphLaunch", cudaGraphLaunch(executable_, stream));
  }

  std::vector<cudaKernelNodeParams> kernels() const {
    std::size_t count = 0;
    require("cudaGraphGetNodes", cudaGraphGetNodes(graph_, nullptr, &count));
    std::vector<cudaGraphNode_t> nodes(count);
    require("cudaGraphGetNodes", cudaGraphGetNodes(graph_, nodes.data(), &count));
    std::vector<cudaKernelNodeParams> kernels;
    for (const cudaGraphNode_t node : nodes) {
      cudaGraphNodeType type{};
      require("cudaGraphNodeGetType", cudaGraphNodeGetType(node, &type));
      if (type != cudaGraphNodeTypeKernel) continue;
      require("cudaGraphKernelNodeGetParams",
              cudaGraphKernelNodeGetParams(node, &kernels.emplace_back()));
    }
    return kernels;
  }

 private:
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

/// Milliseconds between two points of a stream.
class Timer {
 public:
  Timer() {
    require("cudaEventCreate", cudaEventCreate(&begin_));
    require("cudaEventCreate", cudaEventCreate(&end_));
  }
  ~Timer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  float of(const Graph& graph, cudaStream_t stream) {
    require("cudaEventRecord", cudaEventRecord(begin_, stream));
    graph.launch(stream);
    require("cudaEventRecord", cudaEventRecord(end_, stream));
    require("cudaEventSynchronize", cudaEventSynchronize(end_));
    float milliseconds = 0;
    require("cudaEventElapsedTime", cudaEventElapsedTime(&milliseconds, begin_, end_));
    return milliseconds;
  }

 private:
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

/// "flash_mma_kernel" from a mangled name with namespaces and template arguments.
std::string short_name(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? text.get() : mangled;
  name.resize(std::min(name.find('<'), name.size()));
  name.resize(std::min(name.find('('), name.size()));
  const std::size_t scope = name.rfind("::");
  if (scope != std::string::npos) name.erase(0, scope + 2);
  const std::size_t type = name.rfind(' ');
  return type == std::string::npos ? name : name.substr(type + 1);
}

int attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  require("cudaGetDevice", cudaGetDevice(&device));
  require("cudaDeviceGetAttribute", cudaDeviceGetAttribute(&value, which, device));
  return value;
}

LaunchShape shape_of(const cudaKernelNodeParams& node) {
  LaunchShape shape;
  const dim3 grid = node.gridDim, block = node.blockDim;
  std::copy_n(std::array{grid.x, grid.y, grid.z}.begin(), 3, shape.grid);
  std::copy_n(std::array{block.x, block.y, block.z}.begin(), 3, shape.block);
  shape.dynamic_shared = node.sharedMemBytes;
  const char* name = nullptr;
  require("cudaFuncGetName", cudaFuncGetName(&name, node.func));
  shape.function = short_name(name);
  cudaFuncAttributes attributes{};
  require("cudaFuncGetAttributes", cudaFuncGetAttributes(&attributes, node.func));
  shape.static_shared = attributes.sharedSizeBytes;
  shape.registers = attributes.numRegs;
  shape.local = attributes.localSizeBytes;

  const int threads = static_cast<int>(block.x * block.y * block.z);
  require("cudaOccupancyMaxActiveBlocksPerMultiprocessor",
          cudaOccupancyMaxActiveBlocksPerMultiprocessor(&shape.blocks_per_sm, node.func, threads,
                                                        node.sharedMemBytes));
  if (shape.blocks_per_sm == 0) return shape;
  const int warp = attribute(cudaDevAttrWarpSize);
  const int warps = (threads + warp - 1) / warp;
  const double most = attribute(cudaDevAttrMaxThreadsPerMultiProcessor) / static_cast<double>(warp);
  shape.occupancy = shape.blocks_per_sm * warps / most;
  const double blocks = static_cast<double>(grid.x) * grid.y * grid.z;
  shape.waves = blocks / shape.blocks_per_sm / attribute(cudaDevAttrMultiProcessorCount);
  return shape;
}

/// Loads what is loaded at the first launch: in a capture that may be forbidden.
void run_once(const Enqueue& enqueue, cudaStream_t stream) {
  enqueue(stream);
  require("running", cudaGetLastError());
  require("running", cudaStreamSynchronize(stream));
}

}  // namespace

std::vector<LaunchShape> launches_of(const Enqueue& enqueue, cudaStream_t stream) {
  run_once(enqueue, stream);
  const Graph graph(enqueue, 1, stream);
  std::vector<LaunchShape> shapes;
  for (const cudaKernelNodeParams& node : graph.kernels()) shapes.push_back(shape_of(node));
  return shapes;
}

double seconds_of(const Enqueue& enqueue, cudaStream_t stream) {
  run_once(enqueue, stream);
  Timer timer;
  Graph once(enqueue, 1, stream);
  once.instantiate();
  timer.of(once, stream);
  const float first = timer.of(once, stream);
  const int repeats =
      std::clamp(static_cast<int>(kSampleMs / std::max(first, 1e-4F)), 1, kMostRepeats);
  Graph many(enqueue, repeats, stream);
  many.instantiate();
  timer.of(many, stream);
  std::array<float, kSamples> samples{};
  for (float& sample : samples) sample = timer.of(many, stream);
  std::nth_element(samples.begin(), samples.begin() + kSamples / 2, samples.end());
  return 1e-3 * static_cast<double>(samples[kSamples / 2]) / repeats;
}

}  // namespace attest::bench
