//go:build onednn

#include <algorithm>

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

// Activations are NHWC, as they come. The primitive chooses the layout of the weights,
// which are reordered at every call: training changes them between calls, and they
// are small compared to the activations.
struct onednn_conv : Layer {
  onednn_conv(onednn_engine &e, onednn_conv_shape shape) : Layer(e), s(shape) {
    const dims xd{s.n, s.c, s.h, s.w}, yd{s.n, s.filters, s.oh, s.ow};
    const dims wd = s.groups == 1
                        ? dims{s.filters, s.c, s.kh, s.kw}
                        : dims{s.groups, s.filters / s.groups, s.c / s.groups, s.kh, s.kw};
    const dims stride{s.sh, s.sw}, before{s.top, s.left}, after{s.bottom, s.right};
    const desc x(xd, f32, tag::nhwc), y(yd, f32, tag::nhwc), w(wd, f32, tag::any);
    const desc plain(wd, f32, s.groups == 1 ? tag::oihw : tag::goihw);
    const desc b = s.bias ? desc({s.filters}, f32, tag::a) : desc();

    const auto kind = s.inference ? prop_kind::forward_inference : prop_kind::forward_training;
    const auto fwd = compat::conv_forward(e.cpu, kind, x, w, b, y, stride, before, after,
                                          Step::attributes(s.relu, s.max));
    forward.init(dnnl::convolution_forward(fwd), fwd.scratchpad_desc());
    forward.output(DNNL_ARG_DST, y, fwd.dst_desc());
    forward.input(DNNL_ARG_SRC, x, fwd.src_desc());
    forward.input(DNNL_ARG_WEIGHTS, plain, fwd.weights_desc());
    if (s.bias) forward.input(DNNL_ARG_BIAS, b, b);
    forward.prepare(e);
    if (s.inference) return;

    by_forward = compat::data_gradient_by_forward && s.groups == 1 && s.sh == 1 && s.sw == 1;
    if (!s.no_backward_data && by_forward) {
      prepare_by_forward(y, x);
    } else if (!s.no_backward_data) {
      const auto pd = compat::conv_backward_data(e.cpu, x, w, y, stride, before, after,
                                                 Step::attributes(), fwd);
      backward_data.init(dnnl::convolution_backward_data(pd), pd.scratchpad_desc());
      backward_data.output(DNNL_ARG_DIFF_SRC, x, pd.diff_src_desc());
      backward_data.input(DNNL_ARG_DIFF_DST, y, pd.diff_dst_desc());
      backward_data.input(DNNL_ARG_WEIGHTS, plain, pd.weights_desc());
      backward_data.prepare(e);
    }
    if (WeightGradient::supported(s)) {
      weight_gradient = std::make_unique<WeightGradient>(s, e.threads);
      e.reserve(weight_gradient->area());
      return;
    }
    if (DepthwiseGradient::supported(s)) {
      depthwise_gradient = std::make_unique<DepthwiseGradient>(s, e.threads);
      e.reserve(depthwise_gradient->area());
      return;
    }
    const auto pd = compat::conv_backward_weights(e.cpu, x, w, b, y, stride, before, after,
                                                  Step::attributes(), fwd);
    backward_weights.init(dnnl::convolution_backward_weights(pd), pd.scratchpad_desc());
    backward_weights.output(DNNL_ARG_DIFF_WEIGHTS, plain, pd.diff_weights_desc());
    backward_weights.input(DNNL_ARG_SRC, x, pd.src_desc());
    backward_weights.input(DNNL_ARG_DIFF_DST, y, pd.diff_dst_desc());
    if (s.bias) backward_weights.output(DNNL_ARG_DIFF_BIAS, b, b);
    backward_weights.prepare(e);
  }

  // When the stride is 1, the gradient of x is the convolution of dy, from filters to
  // channels, with every window of the weights rotated by 180 degrees.
  void prepare_by_forward(const desc &dy, const desc &dx) {
    const dims before{s.kh - 1 - s.top, s.kw - 1 - s.left};
    const dims after{s.kh - 1 - s.bottom, s.kw - 1 - s.right};
    const dims wd{s.c, s.filters, s.kh, s.kw};
    const long window = long(s.kh) * s.kw;
    const desc rotated(wd, f32, dims{window, s.c * window, s.kw, 1});
    const auto pd = compat::conv_forward(engine.cpu, prop_kind::forward_inference, dy,
                                         desc(wd, f32, tag::any), desc(), dx, {1, 1}, before,
                                         after, Step::attributes());
    backward_data.init(dnnl::convolution_forward(pd), pd.scratchpad_desc());
    backward_data.output(DNNL_ARG_DST, dx, pd.dst_desc());
    backward_data.input(DNNL_ARG_SRC, dy, pd.src_desc());
    backward_data.input(DNNL_ARG_WEIGHTS, rotated, pd.weights_desc());
    backward_data.prepare(engine);
    engine.reserve(backward_data.size() + window * s.c * s.filters * sizeof(float));
  }

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
  return l->engine.call([=] { l->forward.run(l->engine, {y, x, w, b}); });
}

const char *onednn_conv_backward_data(onednn_conv *l, float *dx, const float *dy,
                                      const float *w) {
  return l->engine.call(
      [=] { l->backward_data.run(l->engine, {dx, dy, l->by_forward ? l->rotate(w) : w}); });
}

const char *onednn_conv_backward_weights(onednn_conv *l, float *dw, float *db, const float *x,
                                         const float *dy) {
  return l->engine.call([=] {
    float *area = reinterpret_cast<float *>(l->engine.area);
    if (l->weight_gradient)
      l->weight_gradient->run(dw, db, x, dy, area);
    else if (l->depthwise_gradient)
      l->depthwise_gradient->run(dw, db, x, dy, area);
    else
      l->backward_weights.run(l->engine, {dw, x, dy, db});
  });
}
