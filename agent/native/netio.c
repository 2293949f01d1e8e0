/* The module: what belongs to no descriptor object of ours. See netio.h. */
#include "netio.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

/* setCloseOnExec(fd): for descriptors other libraries opened without it. */
static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int fd;
  if (!take_arguments(env, info, 1, argv, NULL) || !integer_argument(env, argv[0], "fd", 0, INT32_MAX, &fd))
    return NULL;
  int flags = fcntl(fd, F_GETFD);
  if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) return throw_errno(env, "fcntl");
  return NULL;
}

/* isReadable(fd): whether a read would not block, now. A broken descriptor counts: reading tells what is wrong. */
static napi_value is_readable(napi_env env, napi_callback_info info) {
  napi_value argv[1], result = NULL;
  int fd;
  if (!take_arguments(env, info, 1, argv, NULL) || !integer_argument(env, argv[0], "fd", 0, INT32_MAX, &fd))
    return NULL;
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  if (poll(&entry, 1, 0) < 0 && errno != EINTR) return throw_errno(env, "poll");
  napi_get_boolean(env, (entry.revents & (POLLIN | POLLERR)) != 0, &result);
  return result;
}

static napi_value interface_index(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  char name[IF_NAMESIZE + 1];
  size_t length = 0;
  if (!take_arguments(env, info, 1, argv, NULL)) return NULL;
  if (napi_get_value_string_utf8(env, argv[0], NULL, 0, &length) != napi_ok)
    return throw_type(env, "%s must be a string", "name");
  if (length < 1 || length >= IF_NAMESIZE) return throw_range(env, "%s must have 1 to 15 bytes", "name");
  if (napi_get_value_string_utf8(env, argv[0], name, sizeof name, &length) != napi_ok) return NULL;
  if (strlen(name) != length) return throw_range(env, "%s must not hold a zero byte", "name");
  unsigned index = if_nametoindex(name);
  return index == 0 ? throw_errno(env, "if_nametoindex") : number_value(env, index);
}

/* setNetworkNamespace(fd): sockets this thread opens from now on belong there; those that are open stay where they are. */
static napi_value set_network_namespace(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int fd;
  if (!take_arguments(env, info, 1, argv, NULL) || !integer_argument(env, argv[0], "fd", 0, INT32_MAX, &fd))
    return NULL;
  return setns(fd, CLONE_NEWNET) < 0 ? throw_errno(env, "setns") : NULL;
}

static bool is_policy(int policy) {
  int base = policy & ~SCHED_RESET_ON_FORK;
  return base == SCHED_OTHER || base == SCHED_FIFO || base == SCHED_RR || base == SCHED_BATCH || base == SCHED_IDLE;
}

/* setScheduler(tid, policy, priority): tid 0 is the calling thread; policy may carry SCHED_RESET_ON_FORK. */
static napi_value set_scheduler(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int tid, policy, priority;
  if (!take_arguments(env, info, 3, argv, NULL) || !integer_argument(env, argv[0], "tid", 0, INT32_MAX, &tid) ||
      !integer_argument(env, argv[1], "policy", 0, INT32_MAX, &policy) ||
      !integer_argument(env, argv[2], "priority", 0, 99, &priority))
    return NULL;
  if (!is_policy(policy)) return throw_range(env, "%s is not a scheduling policy", "policy");
  struct sched_param parameters = {.sched_priority = priority};
  if (sched_setscheduler(tid, policy, &parameters) < 0) return throw_errno(env, "sched_setscheduler");
  return NULL;
}

/* getScheduler(tid) → {policy, priority}. */
static napi_value get_scheduler(napi_env env, napi_callback_info info) {
  napi_value argv[1], result;
  int tid;
  if (!take_arguments(env, info, 1, argv, NULL) || !integer_argument(env, argv[0], "tid", 0, INT32_MAX, &tid))
    return NULL;
  struct sched_param parameters;
  int policy = sched_getscheduler(tid);
  if (policy < 0 || sched_getparam(tid, &parameters) < 0) return throw_errno(env, "sched_getscheduler");
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  set_number(env, result, "policy", policy);
  set_number(env, result, "priority", parameters.sched_priority);
  return result;
}

/* Microseconds; null is no limit. */
static bool limit_argument(napi_env env, napi_value value, const char *name, rlim_t *out) {
  int number;
  *out = RLIM_INFINITY;
  if (is_nullish(env, value)) return true;
  if (!integer_argument(env, value, name, 0, INT32_MAX, &number)) return false;
  *out = (rlim_t)number;
  return true;
}

/* setRealtimeLimit(soft, hard): RLIMIT_RTTIME, how long a real-time thread of this process may run without sleeping. */
static napi_value set_realtime_limit(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  struct rlimit limit;
  if (!take_arguments(env, info, 2, argv, NULL) || !limit_argument(env, argv[0], "soft", &limit.rlim_cur) ||
      !limit_argument(env, argv[1], "hard", &limit.rlim_max))
    return NULL;
  if (setrlimit(RLIMIT_RTTIME, &limit) < 0) return throw_errno(env, "setrlimit");
  return NULL;
}

static void set_limit(napi_env env, napi_value object, const char *name, rlim_t value) {
  napi_value none;
  if (value != RLIM_INFINITY)
    set_number(env, object, name, (double)value);
  else if (napi_get_null(env, &none) == napi_ok)
    napi_set_named_property(env, object, name, none);
}

/* getRealtimeLimit() → {soft, hard}. */
static napi_value get_realtime_limit(napi_env env, napi_callback_info info) {
  napi_value result;
  struct rlimit limit;
  if (!take_arguments(env, info, 0, NULL, NULL)) return NULL;
  if (getrlimit(RLIMIT_RTTIME, &limit) < 0) return throw_errno(env, "getrlimit");
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  set_limit(env, result, "soft", limit.rlim_cur);
  set_limit(env, result, "hard", limit.rlim_max);
  return result;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"socket", NULL, descriptor_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"adopt", NULL, descriptor_adopt, NULL, NULL, NULL, napi_enumerable, NULL},
      {"timer", NULL, descriptor_timer, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setCloseOnExec", NULL, set_close_on_exec, NULL, NULL, NULL, napi_enumerable, NULL},
      {"isReadable", NULL, is_readable, NULL, NULL, NULL, napi_enumerable, NULL},
      {"interfaceIndex", NULL, interface_index, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setNetworkNamespace", NULL, set_network_namespace, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setScheduler", NULL, set_scheduler, NULL, NULL, NULL, napi_enumerable, NULL},
      {"getScheduler", NULL, get_scheduler, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setRealtimeLimit", NULL, set_realtime_limit, NULL, NULL, NULL, napi_enumerable, NULL},
      {"getRealtimeLimit", NULL, get_realtime_limit, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  if (!descriptors_init(env) ||
      napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok)
    return NULL;
  return exports;
}
