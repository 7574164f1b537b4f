// Convolutions of oneDNN, versions 2 and 3: one picture's rows, channels innermost, on the calling
// thread only.
//
// Weights are packed once for a shape; a shape that wants another order gets a copy of its own at
// its first use. No exception leaves this file. Called by shim.rs only.

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;
using dims = memory::dims;
using type = memory::data_type;
using tag = memory::format_tag;

namespace {

// As shim::Shape.
struct Shape {
  int32_t types;  // of source, weights and result, as in TYPES
  int32_t input;
  int32_t output;
  int32_t side;
  int32_t stride;
  int32_t height;  // of the input, without zeros
  int32_t width;
  int32_t beside;  // columns of zeros on the left and on the right
  int32_t end;     // 0: nothing, 1: ReLU, 2: added to what is there
};

enum { PLAIN = 0, RELU = 1, SUM = 2 };

struct Weights {
  std::mutex lock;
  std::vector<memory> packed;  // the same numbers in different orders
};

struct Conv {
  convolution_forward primitive;
  memory::desc source, weights, bias, result, scratch;
  // Of numbers that multiply a channel each; not used unless `scaled`.
  memory::desc scale;
  bool scaled;
  // Of no other one in this process.
  uint64_t number;
};

// What a primitive reads and writes, by the names of oneDNN.
using Arguments = std::unordered_map<int, memory>;

// oneDNN's OpenMP regions use one thread while this exists: the caller's own threads share the work.
class Alone {
 public:
  Alone() : before_(omp_get_max_threads()) { set(1); }
  ~Alone() { set(before_); }

 private:
  void set(int threads) {
    if (before_ != 1) omp_set_num_threads(threads);
  }
  int before_;
};

engine& cpu() {
  // Never destroyed: other threads may still use it when the process ends.
  static engine* const cpu = [] {
    // conv.rs keeps what is compiled.
    set_primitive_cache_capacity(0);
    return new engine(engine::kind::cpu, 0);
  }();
  return *cpu;
}

struct Types {
  type source, weights, result;
};

// conv.rs has the same order.
const Types TYPES[] = {
    {type::f32, type::f32, type::f32}, {type::bf16, type::bf16, type::bf16},
    {type::s8, type::s8, type::u8},    {type::u8, type::s8, type::f32},
    {type::u8, type::s8, type::bf16},
};

const Types& types(const Shape& s) { return TYPES[s.types]; }

// Whether results are multiplied by a number per channel, after the bias.
bool scaled(const Shape& s) { return types(s).weights == type::s8; }

memory::desc per_channel(const Shape& s) { return {{1, s.output, 1, 1}, type::f32, tag::nchw}; }

dims rows(const Shape& s) { return {1, s.input, s.height, s.width}; }

dims kernel(const Shape& s) { return {s.output, s.input, s.side, s.side}; }

dims made(const Shape& s) {
  const auto length = [&](int32_t from) { return (from - s.side) / s.stride + 1; };
  return {1, s.output, length(s.height), length(s.width + 2 * s.beside)};
}

primitive_attr attributes(const Shape& s) {
  primitive_attr attr;
  attr.set_scratchpad_mode(scratchpad_mode::user);
  post_ops ends;
  if (scaled(s)) ends.append_binary(algorithm::binary_mul, per_channel(s));
  if (s.end == SUM) ends.append_sum(1.0f);
#if DNNL_VERSION_MAJOR >= 3
  if (s.end == RELU) ends.append_eltwise(algorithm::eltwise_relu, 0.0f, 0.0f);
#else
  if (s.end == RELU) ends.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
#endif
  attr.set_post_ops(ends);
  return attr;
}

convolution_forward::primitive_desc describe(const Shape& s) {
  const memory::desc source(rows(s), types(s).source, tag::nhwc);
  const memory::desc result(made(s), types(s).result, tag::nhwc);
  const memory::desc weights(kernel(s), types(s).weights, tag::any);
  const memory::desc bias({s.output}, type::f32, tag::x);
  const dims strides{s.stride, s.stride}, zeros{0, s.beside};
  const auto prop = prop_kind::forward_inference;
  const auto direct = algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {cpu(), prop, direct, source, weights, bias, result, strides, zeros, zeros, attributes(s)};
#else
  const convolution_forward::desc desc(
      prop, direct, source, weights, bias, result, strides, zeros, zeros);
  return {desc, attributes(s), cpu()};
#endif
}

void reorder_to(memory& from, memory& to) {
  stream order(cpu());
  reorder(from, to).execute(order, from, to);
  order.wait();
}

Weights* pack(const Shape& s, const float* oihw) {
  Alone alone;
  memory plain(memory::desc(kernel(s), type::f32, tag::oihw), cpu(), const_cast<float*>(oihw));
  if (scaled(s)) {
    // Whole numbers already; oneDNN wants them as such.
    const size_t count = size_t(s.output) * s.input * s.side * s.side;
    memory whole(memory::desc(kernel(s), type::s8, tag::oihw), cpu());
    auto* to = static_cast<int8_t*>(whole.get_data_handle());
    for (size_t i = 0; i < count; i++) to[i] = static_cast<int8_t>(oihw[i]);
    plain = whole;
  }
  memory packed(describe(s).weights_desc(), cpu());
  reorder_to(plain, packed);
  auto* weights = new Weights();
  weights->packed.push_back(packed);
  return weights;
}

Conv* plan(const Shape& s) {
  static std::atomic<uint64_t> count{0};
  Alone alone;
  const auto desc = describe(s);
  return new Conv{
      convolution_forward(desc), desc.src_desc(),  desc.weights_desc(),
      desc.bias_desc(),          desc.dst_desc(), desc.scratchpad_desc(),
      per_channel(s),            scaled(s),        count++};
}

memory in_order(Weights& weights, const memory::desc& wanted) {
  const std::lock_guard<std::mutex> guard(weights.lock);
  for (const auto& packed : weights.packed) {
    if (packed.get_desc() == wanted) return packed;
  }
  memory other(wanted, cpu());
  reorder_to(weights.packed.front(), other);
  weights.packed.push_back(other);
  return other;
}

// Where a convolution multiplies its channels.
const int SCALE = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

// The arguments of `conv`, without weights and places. To make them takes longer than a small
// convolution, so each thread keeps those that it has used.
Arguments& arguments(const Conv& conv) {
  constexpr size_t MOST = 256;
  thread_local std::unordered_map<uint64_t, Arguments> kept;
  const auto found = kept.find(conv.number);
  if (found != kept.end()) return found->second;
  if (kept.size() >= MOST) kept.clear();
  const auto nowhere = [](const memory::desc& desc) { return memory(desc, cpu(), nullptr); };
  Arguments made{
      {DNNL_ARG_SRC, nowhere(conv.source)},
      {DNNL_ARG_WEIGHTS, memory()},
      {DNNL_ARG_BIAS, nowhere(conv.bias)},
      {DNNL_ARG_DST, nowhere(conv.result)},
      {DNNL_ARG_SCRATCHPAD, nowhere(conv.scratch)}};
  if (conv.scaled) made.insert({SCALE, nowhere(conv.scale)});
  return kept.emplace(conv.number, std::move(made)).first->second;
}

void run(
    const Conv& conv, Weights& weights, const float* bias, const float* scale, const void* source,
    void* result, void* scratch) {
  Alone alone;
  // A thread's own: a stream is not to be shared.
  thread_local stream order(cpu());
  Arguments& all = arguments(conv);
  const auto place = [&](int name, const void* where) {
    all.at(name).set_data_handle(const_cast<void*>(where));
  };
  place(DNNL_ARG_SRC, source);
  all.at(DNNL_ARG_WEIGHTS) = in_order(weights, conv.weights);
  place(DNNL_ARG_BIAS, bias);
  place(DNNL_ARG_DST, result);
  place(DNNL_ARG_SCRATCHPAD, scratch);
  if (conv.scaled) place(SCALE, scale);
  conv.primitive.execute(order, all);
  order.wait();
  // Not to outlive their owner.
  all.at(DNNL_ARG_WEIGHTS) = memory();
}

// Null, or a message for the caller to free.
template <class Work>
char* guarded(Work work) {
  try {
    work();
    return nullptr;
  } catch (const dnnl::error& why) {
    return strdup((std::string(why.what()) + " (oneDNN status " + std::to_string(why.status) + ")").c_str());
  } catch (const std::exception& why) {
    return strdup(why.what());
  } catch (...) {
    return strdup("an exception of oneDNN");
  }
}

}  // namespace

extern "C" {

void dn_free(char* message) { free(message); }

void dn_version(int32_t out[3]) {
  const dnnl_version_t* version = dnnl_version();
  out[0] = version->major;
  out[1] = version->minor;
  out[2] = version->patch;
}

char* dn_pack(const Shape* shape, const float* oihw, Weights** out) {
  return guarded([&] { *out = pack(*shape, oihw); });
}

void dn_drop_weights(Weights* weights) { delete weights; }

char* dn_plan(const Shape* shape, Conv** out, size_t* scratch) {
  return guarded([&] {
    *out = plan(*shape);
    *scratch = (*out)->scratch.get_size();
  });
}

void dn_drop_conv(Conv* conv) { delete conv; }

char* dn_run(
    const Conv* conv, Weights* weights, const float* bias, const float* scale, const void* source,
    void* result, void* scratch) {
  return guarded([&] { run(*conv, *weights, bias, scale, source, result, scratch); });
}

}  // extern "C"
