// What the thread sanitizer has to be told; nothing without it.
#include "internal.h"

#if LB_THREAD_SANITIZER
#include <dlfcn.h>
#include <setjmp.h>

/* It keeps a stack of the calls that are under way, and learns by its own longjmp that some of them have ended. Debian
   builds Lua with the checked longjmp, which it does not know: each error of Lua would leave calls behind, until the stack
   is full. */
_Noreturn void __longjmp_chk(jmp_buf buffer, int value);
_Noreturn void __longjmp_chk(jmp_buf buffer, int value) { longjmp(buffer, value); }

/* A Mutex of Swift that two threads want at once is handed over inside a library that is built without the sanitizer. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

SWIFT void lb_mutex_lock(uint32_t thread, SELF handle) __asm__(LOCK);
SWIFT void lb_mutex_lock(uint32_t thread, SELF handle) {
  ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, handle);
  __tsan_acquire(handle);
}

SWIFT void lb_mutex_unlock(SELF handle) __asm__(UNLOCK);
SWIFT void lb_mutex_unlock(SELF handle) {
  __tsan_release(handle);
  ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(handle);
}
#endif
