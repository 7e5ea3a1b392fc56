//go:build onednn

// What differs between oneDNN 2.x and 3.x: 3 has no operation descriptors, and
// post-ops lost their scale.
#ifndef FLOWERCTL_ONEDNN_COMPAT_H
#define FLOWERCTL_ONEDNN_COMPAT_H

#include <dnnl.hpp>

namespace compat {

using namespace dnnl;
using desc = memory::desc;
using dims = memory::dims;

// 3.x computes the data gradient of a convolution of stride 1 by its forward
// kernels, which are faster; with 2.x conv.cpp does that.
const bool data_gradient_by_forward = DNNL_VERSION_MAJOR < 3;

// append_relu adds max(y, 0), cut at limit when that is over 0.
inline void append_relu(post_ops &ops, float limit) {
  const auto kind = limit > 0 ? algorithm::eltwise_clip : algorithm::eltwise_relu;
#if DNNL_VERSION_MAJOR < 3
  ops.append_eltwise(1.f, kind, 0.f, limit);
#else
  ops.append_eltwise(kind, 0.f, limit);
#endif
}

// Where b is an empty descriptor there is no bias.
inline convolution_forward::primitive_desc conv_forward(const engine &e, prop_kind kind,
                                                        const desc &x, const desc &w,
                                                        const desc &b, const desc &y,
                                                        const dims &stride, const dims &before,
                                                        const dims &after,
                                                        const primitive_attr &attr) {
  const auto direct = algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR < 3
  return {{kind, direct, x, w, b, y, stride, before, after}, attr, e};
#else
  return {e, kind, direct, x, w, b, y, stride, before, after, attr};
#endif
}

inline convolution_backward_data::primitive_desc conv_backward_data(
    const engine &e, const desc &dx, const desc &w, const desc &dy, const dims &stride,
    const dims &before, const dims &after, const primitive_attr &attr,
    const convolution_forward::primitive_desc &hint) {
  const auto direct = algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR < 3
  return {{direct, dx, w, dy, stride, before, after}, attr, e, hint};
#else
  return {e, direct, dx, w, dy, stride, before, after, hint, attr};
#endif
}

inline convolution_backward_weights::primitive_desc conv_backward_weights(
    const engine &e, const desc &x, const desc &dw, const desc &db, const desc &dy,
    const dims &stride, const dims &before, const dims &after, const primitive_attr &attr,
    const convolution_forward::primitive_desc &hint) {
  const auto direct = algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR < 3
  return {{direct, x, dw, db, dy, stride, before, after}, attr, e, hint};
#else
  return {e, direct, x, dw, db, dy, stride, before, after, hint, attr};
#endif
}

inline inner_product_forward::primitive_desc dense_forward(const engine &e, prop_kind kind,
                                                           const desc &x, const desc &w,
                                                           const desc &b, const desc &y,
                                                           const primitive_attr &attr) {
#if DNNL_VERSION_MAJOR < 3
  return {{kind, x, w, b, y}, attr, e};
#else
  return {e, kind, x, w, b, y, attr};
#endif
}

inline inner_product_backward_data::primitive_desc dense_backward_data(
    const engine &e, const desc &dx, const desc &w, const desc &dy, const primitive_attr &attr,
    const inner_product_forward::primitive_desc &hint) {
#if DNNL_VERSION_MAJOR < 3
  return {{dx, w, dy}, attr, e, hint};
#else
  return {e, dx, w, dy, hint, attr};
#endif
}

inline inner_product_backward_weights::primitive_desc dense_backward_weights(
    const engine &e, const desc &x, const desc &dw, const desc &db, const desc &dy,
    const primitive_attr &attr, const inner_product_forward::primitive_desc &hint) {
#if DNNL_VERSION_MAJOR < 3
  return {{x, dw, db, dy}, attr, e, hint};
#else
  return {e, x, dw, db, dy, hint, attr};
#endif
}

}  // namespace compat
#endif
