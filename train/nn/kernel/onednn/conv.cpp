//go:build onednn

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "depthwise.h"
#include "engine.h"
#include "loops.h"
#include "weights.h"

using compat::desc;
using compat::dims;
using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;

static const auto f32 = memory::data_type::f32;

int onednn_has_bf16(void) {
  const auto want = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & want) == want;
}

CLONES static void round_bf16(float *y, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    std::memcpy(&bits, x + i, sizeof bits);
    bits += 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000;
    float low;
    std::memcpy(&low, &bits, sizeof low);
    y[i] = x[i] == x[i] ? low : x[i];
  }
}

// Activations are NHWC, as they come. The primitive chooses the layout of the weights,
// which are reordered at every call: training changes them between calls, and they
// are small compared to the activations. With bf16 so are x and dy, into half the bytes;
// where that is emulated they are rounded in the work area.
struct onednn_conv : Layer {
  onednn_conv(onednn_engine &e, onednn_conv_shape shape) : Layer(e), s(shape) {
    const bool half = s.bf16 && s.groups == 1 && !s.emulated && onednn_has_bf16();
    emulated = s.bf16 && !half;
    low = half ? memory::data_type::bf16 : f32;
    const dims xd{s.n, s.c, s.h, s.w}, yd{s.n, s.filters, s.oh, s.ow};
    const dims wd = s.groups == 1
                        ? dims{s.filters, s.c, s.kh, s.kw}
                        : dims{s.groups, s.filters / s.groups, s.c / s.groups, s.kh, s.kw};
    const dims stride{s.sh, s.sw}, before{s.top, s.left}, after{s.bottom, s.right};
    const desc x(xd, f32, tag::nhwc), y(yd, f32, tag::nhwc), dw(wd, f32, tag::any);
    // As they are multiplied.
    const desc x_low(xd, low, tag::nhwc), dy_low(yd, low, tag::nhwc);
    const desc w(wd, low, tag::any);
    const desc plain(wd, f32, s.groups == 1 ? tag::oihw : tag::goihw);
    const desc b = s.bias ? desc({s.filters}, f32, tag::a) : desc();

    const auto kind = s.inference ? prop_kind::forward_inference : prop_kind::forward_training;
    const auto fwd = compat::conv_forward(e.cpu, kind, x_low, w, b, y, stride, before, after,
                                          Step::attributes(s.relu, s.max));
    forward.init(dnnl::convolution_forward(fwd), fwd.scratchpad_desc());
    forward.output(DNNL_ARG_DST, y, fwd.dst_desc());
    forward.input(DNNL_ARG_SRC, x, fwd.src_desc());
    forward.input(DNNL_ARG_WEIGHTS, plain, fwd.weights_desc());
    if (s.bias) forward.input(DNNL_ARG_BIAS, b, b);
    forward.prepare(e);
    if (emulated) {
      e.reserve(forward.size() + (x_size() + w_size()) * sizeof(float));
      low_size = (std::max(x_size(), w_size()) + y_size()) * sizeof(float);
    }
    if (s.inference) return;

    by_forward = compat::data_gradient_by_forward && s.groups == 1 && s.sh == 1 && s.sw == 1;
    if (!s.no_backward_data && by_forward) {
      prepare_by_forward(dy_low, y, x);
    } else if (!s.no_backward_data) {
      const auto pd = compat::conv_backward_data(e.cpu, x, w, dy_low, stride, before, after,
                                                 Step::attributes(), fwd);
      backward_data.init(dnnl::convolution_backward_data(pd), pd.scratchpad_desc());
      backward_data.output(DNNL_ARG_DIFF_SRC, x, pd.diff_src_desc());
      backward_data.input(DNNL_ARG_DIFF_DST, y, pd.diff_dst_desc());
      backward_data.input(DNNL_ARG_WEIGHTS, plain, pd.weights_desc());
      backward_data.prepare(e);
      e.reserve(data_area() + low_size);
    }
    if (!half && WeightGradient::supported(s)) {
      weight_gradient = std::make_unique<WeightGradient>(s, e.threads);
      e.reserve(weight_gradient->area() + low_size);
      return;
    }
    if (!half && DepthwiseGradient::supported(s)) {
      depthwise_gradient = std::make_unique<DepthwiseGradient>(s, e.threads);
      e.reserve(depthwise_gradient->area() + low_size);
      return;
    }
    const auto pd = compat::conv_backward_weights(e.cpu, x_low, dw, b, dy_low, stride, before, after,
                                                  Step::attributes(), fwd);
    backward_weights.init(dnnl::convolution_backward_weights(pd), pd.scratchpad_desc());
    backward_weights.output(DNNL_ARG_DIFF_WEIGHTS, plain, pd.diff_weights_desc());
    backward_weights.input(DNNL_ARG_SRC, x, pd.src_desc());
    backward_weights.input(DNNL_ARG_DIFF_DST, y, pd.diff_dst_desc());
    if (s.bias) backward_weights.output(DNNL_ARG_DIFF_BIAS, b, b);
    backward_weights.prepare(e);
    e.reserve(backward_weights.size() + low_size);
  }

  // When the stride is 1, the gradient of x is the convolution of dy, from filters to
  // channels, with every window of the weights rotated by 180 degrees.
  void prepare_by_forward(const desc &dy_low, const desc &dy, const desc &dx) {
    const dims before{s.kh - 1 - s.top, s.kw - 1 - s.left};
    const dims after{s.kh - 1 - s.bottom, s.kw - 1 - s.right};
    const dims wd{s.c, s.filters, s.kh, s.kw};
    const long window = long(s.kh) * s.kw;
    const desc rotated(wd, f32, dims{window, s.c * window, s.kw, 1});
    const desc w(wd, low, tag::any);
    const auto pd = compat::conv_forward(engine.cpu, prop_kind::forward_inference, dy_low, w,
                                         desc(), dx, {1, 1}, before, after, Step::attributes());
    backward_data.init(dnnl::convolution_forward(pd), pd.scratchpad_desc());
    backward_data.output(DNNL_ARG_DST, dx, pd.dst_desc());
    backward_data.input(DNNL_ARG_SRC, dy, pd.src_desc());
    backward_data.input(DNNL_ARG_WEIGHTS, rotated, pd.weights_desc());
    backward_data.prepare(engine);
    engine.reserve(data_area() + low_size);
  }

  // data_area is what backward_data takes of the work area, with weights that are rotated.
  size_t data_area() const {
    return backward_data.size() + (by_forward ? w_size() * sizeof(float) : 0);
  }

  // lower returns n values of x rounded to bfloat16, where that is emulated, in the work
  // area from offset on, which moves behind them.
  const float *lower(const float *x, size_t n, size_t &offset) {
    if (!emulated) return x;
    if (offset + n * sizeof(float) > engine.area_size) throw std::logic_error("small work area");
    float *y = reinterpret_cast<float *>(engine.area + offset);
    parallel(n, 16, small, [=](size_t i, size_t end) { round_bf16(y + i, x + i, end - i); });
    offset += n * sizeof(float);
    return y;
  }

  size_t x_size() const { return size_t(s.n) * s.h * s.w * s.c; }
  size_t y_size() const { return size_t(s.n) * s.oh * s.ow * s.filters; }
  size_t w_size() const { return size_t(s.filters) * (s.c / s.groups) * s.kh * s.kw; }

  // rotate reverses each window of w.
  const float *rotate(const float *w) {
    const size_t window = size_t(s.kh) * s.kw;
    if (window == 1) return w;
    float *out = reinterpret_cast<float *>(engine.area + backward_data.size());
    parallel(size_t(s.filters) * s.c, 1, small / window, [=](size_t begin, size_t end) {
      for (size_t i = begin; i < end; i++)
        std::reverse_copy(w + i * window, w + (i + 1) * window, out + i * window);
    });
    return out;
  }

  onednn_conv_shape s;
  bool by_forward = false;
  memory::data_type low;  // of what the primitives multiply
  bool emulated;          // bf16
  size_t low_size = 0;    // bytes for two sides of a product where it is
  Step forward, backward_data, backward_weights;
  // In place of backward_weights:
  std::unique_ptr<WeightGradient> weight_gradient;
  std::unique_ptr<DepthwiseGradient> depthwise_gradient;
};

const char *onednn_conv_new(onednn_engine *e, onednn_conv_shape s, onednn_conv **out) {
  return e->add(s, out);
}

const char *onednn_conv_forward(onednn_conv *l, float *y, const float *x, const float *w,
                                const float *b) {
  return l->engine.call([=] {
    size_t at = l->forward.size();
    const float *x_low = l->lower(x, l->x_size(), at), *w_low = l->lower(w, l->w_size(), at);
    l->forward.run(l->engine, {y, x_low, w_low, b});
  });
}

const char *onednn_conv_backward_data(onednn_conv *l, float *dx, const float *dy,
                                      const float *w) {
  return l->engine.call([=] {
    size_t at = l->data_area();
    const float *dy_low = l->lower(dy, l->y_size(), at), *w_low = l->lower(w, l->w_size(), at);
    l->backward_data.run(l->engine, {dx, dy_low, l->by_forward ? l->rotate(w_low) : w_low});
  });
}

const char *onednn_conv_backward_weights(onednn_conv *l, float *dw, float *db, const float *x,
                                         const float *dy) {
  return l->engine.call([=] {
    size_t at = l->weight_gradient      ? l->weight_gradient->area()
                : l->depthwise_gradient ? l->depthwise_gradient->area()
                                        : l->backward_weights.size();
    const float *x_low = l->lower(x, l->x_size(), at), *dy_low = l->lower(dy, l->y_size(), at);
    float *area = reinterpret_cast<float *>(l->engine.area);
    if (l->weight_gradient)
      l->weight_gradient->run(dw, db, x_low, dy_low, area);
    else if (l->depthwise_gradient)
      l->depthwise_gradient->run(dw, db, x_low, dy_low, area);
    else
      l->backward_weights.run(l->engine, {dw, x_low, dy_low, db});
  });
}
