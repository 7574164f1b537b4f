// Reuses memory for libtorch's CPU tensors: the maps of a network are allocated and freed in the
// same sizes at every call, and fresh pages from the system cost as much as a pass of arithmetic
// over them.
//
// Blocks that tensors free are kept, up to a limit, and reused if they fit. A block that is a
// little too small was made for a smaller tile; it is released when a larger one is allocated.
// Called by allocator.rs only.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <iterator>
#include <list>
#include <mutex>
#include <new>
#include <unordered_map>

namespace {

// Smaller blocks are left to the C library, which keeps them itself.
constexpr size_t SMALLEST = size_t{1} << 20;
// Blocks start on huge pages, and large ones consist of whole huge pages.
constexpr size_t PAGE = size_t{2} << 20;
// Smaller ones are rounded up to this, so that weights of two megabytes do not take four.
constexpr size_t STEP = size_t{1} << 19;
// Limit for unused memory: about the maps of one call of the largest network.
constexpr size_t KEPT = size_t{1} << 30;

struct Block {
  void* data;
  size_t size;
};

struct Memory {
  std::atomic<bool> reuses{true};
  std::atomic<size_t> limit{KEPT};
  std::mutex lock;
  c10::Allocator* small = nullptr;
  std::unordered_map<void*, size_t> lent;  // sizes by address
  std::list<Block> kept;                   // the longest unused first
  size_t kept_bytes = 0;
};

// Never destroyed: tensors may outlive everything else.
Memory& memory() {
  static Memory* const all = new Memory;
  return *all;
}

// The smallest kept block of at least `size` bytes and at most 2.25 times as many, or null. A map
// at half the resolution with twice the channels may thus use a block of the full one. The lock is
// held.
Block reuse(Memory& all, size_t size) {
  auto best = all.kept.end();
  for (auto at = all.kept.begin(); at != all.kept.end(); ++at) {
    const bool fits = at->size >= size && at->size <= 2 * size + size / 4;
    if (fits && (best == all.kept.end() || at->size <= best->size)) best = at;
  }
  if (best == all.kept.end()) return {nullptr, 0};
  const Block block = *best;
  all.kept.erase(best);
  all.kept_bytes -= block.size;
  return block;
}

void give_back(const std::list<Block>& blocks) {
  for (const Block& block : blocks) munmap(block.data, block.size);
}

// Removes the kept blocks that a block of `size` replaces: those smaller by a quarter at most. The
// lock is held.
std::list<Block> outgrown(Memory& all, size_t size) {
  std::list<Block> small;
  for (auto at = all.kept.begin(); at != all.kept.end();) {
    const auto next = std::next(at);
    if (at->size < size && at->size >= size - size / 4) {
      all.kept_bytes -= at->size;
      small.splice(small.end(), all.kept, at);
    }
    at = next;
  }
  return small;
}

// Directly from the system: the C library would leave holes where large blocks are freed.
Block fresh(size_t size) {
  const size_t mapped = size + PAGE;
  void* const found =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  const uintptr_t start = reinterpret_cast<uintptr_t>(found);
  const uintptr_t whole = (start + PAGE - 1) / PAGE * PAGE;
  if (whole > start) munmap(found, whole - start);
  if (start + PAGE > whole) munmap(reinterpret_cast<void*>(whole + size), start + PAGE - whole);
  void* const data = reinterpret_cast<void*>(whole);
  madvise(data, size, MADV_HUGEPAGE);  // advice: where it is not taken, nothing is lost
  return {data, size};
}

size_t rounded_up(size_t bytes) {
  const size_t step = bytes < 4 * PAGE ? STEP : PAGE;
  return (bytes + step - 1) / step * step;
}

void* lend(size_t bytes) {
  const size_t size = rounded_up(bytes);
  Memory& all = memory();
  std::list<Block> small;
  {
    std::lock_guard<std::mutex> hold(all.lock);
    const Block block = reuse(all, size);
    if (block.data != nullptr) {
      all.lent.emplace(block.data, block.size);
      return block.data;
    }
    small = outgrown(all, size);
  }
  give_back(small);
  const Block block = fresh(size);
  std::lock_guard<std::mutex> hold(all.lock);
  all.lent.emplace(block.data, block.size);
  return block.data;
}

// Keeps one of our blocks that a tensor freed; the blocks unused for longest make room for it.
bool take_back(void* data) {
  Memory& all = memory();
  std::list<Block> surplus;
  {
    std::lock_guard<std::mutex> hold(all.lock);
    const auto found = all.lent.find(data);
    if (found == all.lent.end()) return false;
    all.kept.push_back({data, found->second});
    all.kept_bytes += found->second;
    all.lent.erase(found);
    while (all.kept_bytes > all.limit) {
      all.kept_bytes -= all.kept.front().size;
      surplus.splice(surplus.end(), all.kept, all.kept.begin());
    }
  }
  give_back(surplus);
  return true;
}

void release(void* data) {
  // Ours start on whole pages, so most others are recognised without the lock.
  const bool may_be_ours = reinterpret_cast<uintptr_t>(data) % PAGE == 0;
  if (data == nullptr || (may_be_ours && take_back(data))) return;
  memory().small->raw_deallocate(data);
}

class Reusing final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const bool reuses = bytes >= SMALLEST && memory().reuses;
    void* data = reuses ? lend(bytes) : memory().small->raw_allocate(bytes);
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, size_t count) const override {
    default_copy_data(to, from, count);
  }
};

}  // namespace

// Makes it libtorch's allocator for the CPU, permanently.
extern "C" void dt_reuse_memory() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    memory().small = c10::GetCPUAllocator();
    c10::SetCPUAllocator(new Reusing);
  });
}

// Whether new tensors reuse memory, which is the initial state, or not, as in plain libtorch.
extern "C" void dt_set_reuse(int reuses) noexcept { memory().reuses = reuses != 0; }

// Returns unused memory to the system.
extern "C" void dt_release_memory() noexcept {
  std::list<Block> all;
  {
    std::lock_guard<std::mutex> hold(memory().lock);
    all.swap(memory().kept);
    memory().kept_bytes = 0;
  }
  give_back(all);
}

// Keeps no freed memory (0), or as much as initially.
extern "C" void dt_set_keeping(int keeps) noexcept { memory().limit = keeps != 0 ? KEPT : 0; }
