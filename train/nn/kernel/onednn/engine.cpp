//go:build onednn

#include "engine.h"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

using dnnl::memory;

Worker::~Worker() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::submit(void (*call)(void *), void *arg) {
  std::unique_lock<std::mutex> lock(mutex_);
  call_ = call;
  arg_ = arg;
  busy_ = true;
  wake_.notify_one();
  done_.wait(lock, [this] { return !busy_; });
}

void Worker::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return busy_ || quit_; });
    if (quit_) return;
    lock.unlock();
    call_(arg_);
    lock.lock();
    busy_ = false;
    done_.notify_one();
  }
}

onednn_engine::onednn_engine(int n) : threads(n) {
  worker.run([n] { omp_set_num_threads(n); });
}

onednn_engine::~onednn_engine() {
  worker.run([this] { layers.clear(); });
  for (void *p : blocks) std::free(p);
  std::free(area);
}

// allocate returns whole pages, large ones where the system has them and bytes
// fills one: aligned for every vector, and a large page is touched first in a
// fraction of the time that its small ones take.
static char *allocate(size_t bytes) {
  const size_t small_page = size_t(1) << 12, large_page = size_t(1) << 21;
  const size_t page = bytes < large_page ? small_page : large_page;
  bytes = (bytes + page - 1) / page * page;
  void *p = std::aligned_alloc(page, bytes);
  if (!p) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (page == large_page) madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return static_cast<char *>(p);
}

void onednn_engine::reserve(size_t bytes) {
  if (bytes <= area_size) return;
  char *p = allocate(bytes);
  std::free(area);
  area = p;
  area_size = bytes;
}

dnnl::primitive_attr Step::attributes(bool relu, float limit) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (relu) {
    dnnl::post_ops ops;
    compat::append_relu(ops, limit);
    attr.set_post_ops(ops);
  }
  return attr;
}

static size_t aligned(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

void Step::prepare(onednn_engine &e) {
  size_t scratch = aligned(scratch_.get_size()), size = 0;
  for (auto &a : arguments_) {
    a.outer = memory(a.given, e.cpu, nullptr);
    a.direct = a.given == a.wanted;
    if (a.direct) {
      map_[a.arg] = a.outer;
      continue;
    }
    dnnl::reorder::primitive_desc pd(e.cpu, a.output ? a.wanted : a.given, e.cpu,
                                     a.output ? a.given : a.wanted, attributes());
    a.reorder = dnnl::reorder(pd);
    scratch = std::max(scratch, aligned(pd.scratchpad_desc().get_size()));
    a.offset = size;
    size += aligned(a.wanted.get_size());
  }
  for (auto &a : arguments_) a.offset += scratch;
  size_ = scratch + size;
  e.reserve(size_);
}

void Step::run(onednn_engine &e, std::initializer_list<const float *> pointers) {
  if (area_ != e.area) {
    area_ = e.area;
    for (auto &a : arguments_) {
      if (a.direct) continue;
      a.inner = memory(a.wanted, e.cpu, area_ + a.offset);
      map_[a.arg] = a.inner;
    }
    memory scratch(scratch_, e.cpu, area_);
    map_[DNNL_ARG_SCRATCHPAD] = scratch;
    reorder_map_[DNNL_ARG_SCRATCHPAD] = scratch;
  }
  auto pointer = pointers.begin();
  for (auto &a : arguments_) {
    a.outer.set_data_handle(const_cast<float *>(*pointer++));
    if (a.direct || a.output) continue;
    reorder_map_[DNNL_ARG_FROM] = a.outer;
    reorder_map_[DNNL_ARG_TO] = a.inner;
    a.reorder.execute(e.stream, reorder_map_);
  }
  primitive_.execute(e.stream, map_);
  for (auto &a : arguments_) {
    if (a.direct || !a.output) continue;
    reorder_map_[DNNL_ARG_FROM] = a.inner;
    reorder_map_[DNNL_ARG_TO] = a.outer;
    a.reorder.execute(e.stream, reorder_map_);
  }
}

const char *onednn_open(int threads, onednn_engine **out) {
  static thread_local std::string error;
  try {
    *out = new onednn_engine(threads);
    return nullptr;
  } catch (const std::exception &err) {
    error = err.what();
    return error.c_str();
  }
}

void onednn_close(onednn_engine *e) { delete e; }

void onednn_version(int version[3]) {
  const dnnl_version_t *v = dnnl_version();
  version[0] = v->major;
  version[1] = v->minor;
  version[2] = v->patch;
}

// libgomp's threads wait shortly where it has more of them than there are cores, whatever
// those others do: here they do nothing. The thread that holds them ends them with itself.
// Where many would be needed others have cores enough, and a limit on threads might be met,
// at which libgomp ends the process.
const char *onednn_yield(onednn_engine *e, int on) {
  const int most = 16;
  if (!on) {
    e->crowd.reset();
    return nullptr;
  }
  if (e->crowd) return nullptr;
  return e->call([&] {
    const int idle = std::max(2, omp_get_num_procs() - e->threads + 2);
    if (idle > most) return;
    e->crowd = std::make_unique<Worker>();
    e->crowd->run([idle] {
      omp_set_num_threads(idle);
#pragma omp parallel
      { asm volatile(""); }
    });
  });
}

const char *onednn_alloc(onednn_engine *e, size_t n, float **out) {
  return e->call([&] {
    e->blocks.reserve(e->blocks.size() + 1);
    *out = reinterpret_cast<float *>(allocate(n * sizeof(float)));
    std::memset(*out, 0, n * sizeof(float));
    e->blocks.push_back(*out);
  });
}
