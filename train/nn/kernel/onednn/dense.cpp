//go:build onednn

#include "dots.h"
#include "engine.h"

using compat::desc;
using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;

static const auto f32 = memory::data_type::f32;

// All layouts are plain: a dense layer's weights are far larger than its activations,
// and reordering them would cost more than it saves.
struct onednn_dense : Layer {
  onednn_dense(onednn_engine &e, onednn_dense_shape shape) : Layer(e), s(shape) {
    const desc x({s.n, s.in}, f32, tag::nc), y({s.n, s.out}, f32, tag::nc);
    const desc w({s.out, s.in}, f32, tag::oi);
    const desc b = s.bias ? desc({s.out}, f32, tag::a) : desc();

    const auto kind = s.inference ? prop_kind::forward_inference : prop_kind::forward_training;
    const auto fwd = compat::dense_forward(e.cpu, kind, x, w, b, y, Step::attributes(s.relu));
    forward.init(dnnl::inner_product_forward(fwd), fwd.scratchpad_desc());
    forward.output(DNNL_ARG_DST, y, y);
    forward.input(DNNL_ARG_SRC, x, x);
    forward.input(DNNL_ARG_WEIGHTS, w, w);
    if (s.bias) forward.input(DNNL_ARG_BIAS, b, b);
    forward.prepare(e);
    if (s.inference) return;

    if (!s.no_backward_data) {
      const auto pd = compat::dense_backward_data(e.cpu, x, w, y, Step::attributes(), fwd);
      backward_data.init(dnnl::inner_product_backward_data(pd), pd.scratchpad_desc());
      backward_data.output(DNNL_ARG_DIFF_SRC, x, x);
      backward_data.input(DNNL_ARG_DIFF_DST, y, y);
      backward_data.input(DNNL_ARG_WEIGHTS, w, w);
      backward_data.prepare(e);
    }
    const auto pd = compat::dense_backward_weights(e.cpu, x, w, b, y, Step::attributes(), fwd);
    backward_weights.init(dnnl::inner_product_backward_weights(pd), pd.scratchpad_desc());
    backward_weights.output(DNNL_ARG_DIFF_WEIGHTS, w, w);
    backward_weights.input(DNNL_ARG_SRC, x, x);
    backward_weights.input(DNNL_ARG_DIFF_DST, y, y);
    if (s.bias) backward_weights.output(DNNL_ARG_DIFF_BIAS, b, b);
    backward_weights.prepare(e);
  }

  onednn_dense_shape s;
  bool dots = dots_supported();
  Step forward, backward_data, backward_weights;
};

const char *onednn_dense_new(onednn_engine *e, onednn_dense_shape s, onednn_dense **out) {
  return e->add(s, out);
}

const char *onednn_dense_forward(onednn_dense *l, float *y, const float *x, const float *w,
                                 const float *b) {
  return l->engine.call([=] {
    if (l->dots)
      dense_forward(y, x, w, b, l->s.n, l->s.in, l->s.out, l->s.relu);
    else
      l->forward.run(l->engine, {y, x, w, b});
  });
}

const char *onednn_dense_backward_data(onednn_dense *l, float *dx, const float *dy,
                                       const float *w) {
  return l->engine.call([=] { l->backward_data.run(l->engine, {dx, dy, w}); });
}

const char *onednn_dense_backward_weights(onednn_dense *l, float *dw, float *db, const float *x,
                                          const float *dy) {
  return l->engine.call([=] { l->backward_weights.run(l->engine, {dw, x, dy, db}); });
}
