//go:build onednn

// The engine behind the C functions of api.h: one thread that owns the OpenMP
// team, one stream, one work area shared by all primitives.
#ifndef FLOWERCTL_ONEDNN_ENGINE_H
#define FLOWERCTL_ONEDNN_ENGINE_H

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api.h"
#include "compat.h"

// Worker is the thread that runs everything. OpenMP runtimes keep one team of
// threads for every thread that opens a parallel region; goroutines move between
// threads, so calls from them would each start another team.
class Worker {
 public:
  Worker() : thread_([this] { loop(); }) {}
  ~Worker();

  // run calls f on the thread and waits for it.
  template <class F>
  void run(F &&f) {
    submit([](void *p) { (*static_cast<F *>(p))(); }, &f);
  }

 private:
  void submit(void (*call)(void *), void *arg);
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  void (*call_)(void *) = nullptr;
  void *arg_ = nullptr;
  bool busy_ = false, quit_ = false;
  std::thread thread_;  // last: it uses the others
};

// Layer is what the engine frees.
struct Layer {
  explicit Layer(onednn_engine &e) : engine(e) {}
  virtual ~Layer() = default;
  onednn_engine &engine;
};

struct onednn_engine {
  explicit onednn_engine(int threads);
  ~onednn_engine();

  // call runs f on the worker and returns NULL or the text of its exception.
  template <class F>
  const char *call(F &&f) {
    error.clear();
    worker.run([&] {
      try {
        f();
      } catch (const dnnl::error &err) {
        error = std::string("oneDNN: ") + err.what();
      } catch (const std::exception &err) {
        error = err.what();
      }
    });
    return error.empty() ? nullptr : error.c_str();
  }

  // add makes a layer on the worker and keeps it.
  template <class L, class S>
  const char *add(S shape, L **out) {
    return call([&] {
      auto l = std::make_unique<L>(*this, shape);
      *out = l.get();
      layers.push_back(std::move(l));
    });
  }

  // reserve makes the work area at least this large. Its content does not
  // survive a call.
  void reserve(size_t bytes);

  int threads;
  dnnl::engine cpu{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{cpu};
  std::string error;
  std::vector<std::unique_ptr<Layer>> layers;
  std::vector<void *> blocks;  // given out by onednn_alloc
  char *area = nullptr;        // the work area
  size_t area_size = 0;
  Worker worker;
  std::unique_ptr<Worker> crowd;  // see onednn_yield
};

// Step is one primitive with its arguments. An argument in another layout than the
// primitive's is reordered in the work area.
class Step {
 public:
  explicit operator bool() const { return bool(primitive_); }

  // attributes of a primitive whose scratchpad is in the work area.
  static dnnl::primitive_attr attributes(bool relu = false, float limit = 0);

  void init(const dnnl::primitive &p, const dnnl::memory::desc &scratch) {
    primitive_ = p;
    scratch_ = scratch;
  }
  // input and output add an argument: the layout it comes in and the layout that
  // the primitive wants. run takes the pointers in the order of adding.
  void input(int arg, const dnnl::memory::desc &given, const dnnl::memory::desc &wanted) {
    arguments_.push_back({arg, given, wanted, false});
  }
  void output(int arg, const dnnl::memory::desc &given, const dnnl::memory::desc &wanted) {
    arguments_.push_back({arg, given, wanted, true});
  }
  // prepare comes after the last argument. The caller may use the work area beyond size.
  void prepare(onednn_engine &e);
  size_t size() const { return size_; }
  void run(onednn_engine &e, std::initializer_list<const float *> pointers);

 private:
  struct Argument {
    int arg;
    dnnl::memory::desc given, wanted;
    bool output;
    dnnl::memory outer{}, inner{};
    dnnl::reorder reorder{};
    size_t offset = 0;  // of inner in the work area
    bool direct = true;
  };
  dnnl::primitive primitive_;
  dnnl::memory::desc scratch_;
  std::vector<Argument> arguments_;
  std::unordered_map<int, dnnl::memory> map_;
  std::unordered_map<int, dnnl::memory> reorder_map_;
  size_t size_ = 0;       // bytes of the work area in use
  char *area_ = nullptr;  // for which the inner memories were made
};

#endif
