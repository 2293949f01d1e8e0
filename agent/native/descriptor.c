/*
 * Objects that own a file descriptor: sockets and timers. The object, not the number, is the handle: after close() every
 * call throws, and a collected object closes its descriptor, so none leaks and none is used after its number was given
 * to another file.
 */
#include "netio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

struct instance;
struct descriptor {
  struct instance *instance;
  struct descriptor *next, *previous;
  int fd;
  int receive_flags;
  bool is_timer;
  /* Set while watched: the poll handle, the callback, and a strong reference that keeps the object alive. */
  uv_poll_t *poll;
  napi_ref callback, self;
};
/* Per environment: a worker thread may load the module too. */
struct instance {
  napi_env env;
  struct descriptor *first;
  unsigned closing;
  napi_async_cleanup_hook_handle hook;
  bool ended;
};

static const napi_type_tag descriptor_tag = {0x6e6574696f2d6465, 0x7363726970746f72};

static void finish_teardown(struct instance *instance) {
  if (!instance->ended || instance->closing > 0 || instance->hook == NULL) return;
  napi_async_cleanup_hook_handle hook = instance->hook;
  instance->hook = NULL;
  napi_remove_async_cleanup_hook(hook);
}

static void poll_closed(uv_handle_t *handle) {
  struct instance *instance = handle->data;
  free(handle);
  instance->closing--;
  finish_teardown(instance);
}

static void stop_watching(struct descriptor *descriptor) {
  if (descriptor->poll == NULL) return;
  struct instance *instance = descriptor->instance;
  uv_poll_t *poll = descriptor->poll;
  descriptor->poll = NULL;
  /* libuv frees the handle's memory use only a turn later; until then it must not lead to the descriptor. */
  poll->data = instance;
  instance->closing++;
  uv_poll_stop(poll);
  uv_close((uv_handle_t *)poll, poll_closed);
  napi_delete_reference(instance->env, descriptor->callback);
  napi_delete_reference(instance->env, descriptor->self);
  descriptor->callback = descriptor->self = NULL;
}

static void close_descriptor(struct descriptor *descriptor) {
  stop_watching(descriptor);
  if (descriptor->fd >= 0) close(descriptor->fd);
  descriptor->fd = -1;
}

static void finalize_descriptor(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct descriptor *descriptor = data;
  close_descriptor(descriptor);
  if (descriptor->previous != NULL) descriptor->previous->next = descriptor->next;
  else descriptor->instance->first = descriptor->next;
  if (descriptor->next != NULL) descriptor->next->previous = descriptor->previous;
  free(descriptor);
}

static void end_instance(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  struct instance *instance = data;
  instance->ended = true;
  for (struct descriptor *each = instance->first; each != NULL; each = each->next) close_descriptor(each);
  finish_teardown(instance);
}

static void free_instance(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  free(data);
}

bool descriptors_init(napi_env env) {
  struct instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return false;
  instance->env = env;
  if (napi_set_instance_data(env, instance, free_instance, NULL) != napi_ok) {
    free(instance);
    return false;
  }
  return napi_add_async_cleanup_hook(env, end_instance, instance, &instance->hook) == napi_ok;
}

/* The open descriptor behind `this`; throws and returns NULL for anything else. */
static struct descriptor *unwrap(napi_env env, napi_value self, bool may_be_closed) {
  struct descriptor *descriptor = NULL;
  napi_valuetype type;
  bool ours = false;
  if (napi_typeof(env, self, &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(env, self, &descriptor_tag, &ours) != napi_ok || !ours ||
      napi_unwrap(env, self, (void **)&descriptor) != napi_ok)
    return throw_type(env, "%s is not a netio descriptor", "this"), NULL;
  if (descriptor->fd < 0 && !may_be_closed) {
    napi_throw_error(env, "ERR_CLOSED", "the descriptor is closed");
    return NULL;
  }
  return descriptor;
}

struct descriptor *descriptor_take(napi_env env, napi_callback_info info, size_t expected, napi_value *argv) {
  napi_value self;
  return take_arguments(env, info, expected, argv, &self) ? unwrap(env, self, false) : NULL;
}

int descriptor_fd(const struct descriptor *descriptor) { return descriptor->fd; }
int descriptor_receive_flags(const struct descriptor *descriptor) { return descriptor->receive_flags; }

static napi_value method_close(napi_env env, napi_callback_info info) {
  napi_value self;
  if (!take_arguments(env, info, 0, NULL, &self)) return NULL;
  struct descriptor *descriptor = unwrap(env, self, true);
  if (descriptor != NULL) close_descriptor(descriptor);
  return NULL;
}

/* The number while open, -1 afterwards. */
static napi_value getter_fd(napi_env env, napi_callback_info info) {
  napi_value self;
  if (!take_arguments(env, info, 0, NULL, &self)) return NULL;
  struct descriptor *descriptor = unwrap(env, self, true);
  return descriptor == NULL ? NULL : number_value(env, descriptor->fd);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct descriptor *descriptor = poll->data;
  /* libuv stops polling a socket with a pending error (ENOBUFS on netlink); reading it tells and clears the error. */
  if (status < 0) uv_poll_start(poll, UV_READABLE, on_readable);
  napi_env env = descriptor->instance->env;
  uint64_t expirations;
  /* A timer that was set anew since it became readable has not rung. */
  if (descriptor->is_timer && read(descriptor->fd, &expirations, sizeof expirations) != sizeof expirations) return;
  napi_handle_scope scope;
  napi_value self, callback, error;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, descriptor->self, &self) == napi_ok &&
      napi_get_reference_value(env, descriptor->callback, &callback) == napi_ok &&
      napi_make_callback(env, NULL, self, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
  /* The callback may have closed and dropped the descriptor: it is not touched again. */
  napi_close_handle_scope(env, scope);
}

/* watch(callback | null): callback() whenever the descriptor is readable (a timer: when it has rung). */
static napi_value method_watch(napi_env env, napi_callback_info info) {
  napi_value argv[1], self;
  napi_valuetype type;
  if (!take_arguments(env, info, 1, argv, &self)) return NULL;
  struct descriptor *descriptor = unwrap(env, self, false);
  if (descriptor == NULL || napi_typeof(env, argv[0], &type) != napi_ok) return NULL;
  if (type != napi_function && type != napi_null) return throw_type(env, "%s must be a function or null", "callback");
  stop_watching(descriptor);
  if (type == napi_null) return NULL;
  uv_loop_t *loop;
  uv_poll_t *poll = calloc(1, uv_handle_size(UV_POLL));
  if (poll == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    free(poll);
    return throw_type(env, "%s is not available", "the event loop");
  }
  int failure = uv_poll_init(loop, poll, descriptor->fd);
  if (failure < 0) {
    free(poll);
    errno = -failure;
    return throw_errno(env, "uv_poll_init");
  }
  poll->data = descriptor;
  descriptor->poll = poll;
  napi_create_reference(env, argv[0], 1, &descriptor->callback);
  napi_create_reference(env, self, 1, &descriptor->self);
  uv_poll_start(poll, UV_READABLE, on_readable);
  return NULL;
}

/* pause(isPaused): a watched descriptor calls nobody back while it is paused; one that is not watched stays so. */
static napi_value method_pause(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  bool is_paused;
  struct descriptor *descriptor = descriptor_take(env, info, 1, argv);
  if (descriptor == NULL) return NULL;
  if (napi_get_value_bool(env, argv[0], &is_paused) != napi_ok) return throw_type(env, "%s must be a boolean", "isPaused");
  if (descriptor->poll == NULL) return NULL;
  if (is_paused) uv_poll_stop(descriptor->poll);
  else uv_poll_start(descriptor->poll, UV_READABLE, on_readable);
  return NULL;
}

static napi_value method_bind(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  struct bytes address;
  struct descriptor *descriptor = descriptor_take(env, info, 1, argv);
  if (descriptor == NULL ||
      !bytes_argument(env, argv[0], "address", (struct limits){2, NETIO_ADDRESS_MAX}, &address))
    return NULL;
  if (bind(descriptor->fd, (struct sockaddr *)address.data, (socklen_t)address.length) < 0)
    return throw_errno(env, "bind");
  return NULL;
}

/* setOption(level, name, number | Uint8Array) */
static napi_value method_set_option(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int level, name, number;
  napi_valuetype type;
  struct bytes value;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  if (descriptor == NULL || !integer_argument(env, argv[0], "level", 0, INT32_MAX, &level) ||
      !integer_argument(env, argv[1], "name", 0, INT32_MAX, &name) ||
      napi_typeof(env, argv[2], &type) != napi_ok)
    return NULL;
  if (type == napi_number) {
    if (!integer_argument(env, argv[2], "value", INT32_MIN, UINT32_MAX, &number)) return NULL;
    value = (struct bytes){(uint8_t *)&number, sizeof number};
  } else if (!bytes_argument(env, argv[2], "value", (struct limits){0, NETIO_OPTION_MAX}, &value)) {
    return NULL;
  }
  if (setsockopt(descriptor->fd, level, name, value.data, (socklen_t)value.length) < 0)
    return throw_errno(env, "setsockopt");
  return NULL;
}

/* getOption(level, name, into) → bytes written */
static napi_value method_get_option(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int level, name;
  struct bytes value;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  if (descriptor == NULL || !integer_argument(env, argv[0], "level", 0, INT32_MAX, &level) ||
      !integer_argument(env, argv[1], "name", 0, INT32_MAX, &name) ||
      !bytes_argument(env, argv[2], "into", (struct limits){1, NETIO_OPTION_MAX}, &value))
    return NULL;
  socklen_t length = (socklen_t)value.length;
  if (getsockopt(descriptor->fd, level, name, value.data, &length) < 0) return throw_errno(env, "getsockopt");
  return number_value(env, length);
}

/* setFilter(program): classic BPF as struct sock_filter (socket(7), SO_ATTACH_FILTER); the rest is never received. */
static napi_value method_set_filter(napi_env env, napi_callback_info info) {
  enum { INSTRUCTIONS_MAX = 4096 };
  napi_value argv[1];
  struct bytes program;
  struct sock_filter instructions[INSTRUCTIONS_MAX];
  struct descriptor *descriptor = descriptor_take(env, info, 1, argv);
  if (descriptor == NULL ||
      !bytes_argument(env, argv[0], "program", (struct limits){sizeof *instructions, sizeof instructions}, &program))
    return NULL;
  if (program.length % sizeof *instructions != 0)
    return throw_range(env, "%s must hold whole instructions of 8 bytes", "program");
  memcpy(instructions, program.data, program.length);
  struct sock_fprog filter = {(unsigned short)(program.length / sizeof *instructions), instructions};
  if (setsockopt(descriptor->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
    return throw_errno(env, "setsockopt");
  return NULL;
}

/* setTimer(atMs | null): rings once CLOCK_MONOTONIC has reached atMs (fractional); null switches it off. */
static napi_value method_set_timer(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  double at_ms;
  struct descriptor *descriptor = descriptor_take(env, info, 1, argv);
  if (descriptor == NULL) return NULL;
  if (!descriptor->is_timer) return throw_type(env, "%s is not a timer", "this");
  struct itimerspec when = {{0, 0}, {0, 0}};
  if (!is_nullish(env, argv[0])) {
    if (napi_get_value_double(env, argv[0], &at_ms) != napi_ok) return throw_type(env, "%s must be a number", "atMs");
    if (!(at_ms >= 0 && at_ms <= 9e15)) return throw_range(env, "%s must be from 0 to 9e15", "atMs");
    double seconds = floor(at_ms / 1000);
    int64_t nanoseconds = (int64_t)ceil((at_ms - seconds * 1000) * 1e6);
    /* All zero would mean "off"; a moment long past rings at once just as well. */
    if (seconds == 0 && nanoseconds < 1) nanoseconds = 1;
    when.it_value.tv_sec = (time_t)seconds + nanoseconds / 1000000000;
    when.it_value.tv_nsec = nanoseconds % 1000000000;
  }
  if (timerfd_settime(descriptor->fd, TFD_TIMER_ABSTIME, &when, NULL) < 0) return throw_errno(env, "timerfd_settime");
  return NULL;
}

static napi_value wrap(napi_env env, int fd, struct descriptor kind) {
  static const napi_property_descriptor methods[] = {
      {"fd", NULL, NULL, getter_fd, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, method_close, NULL, NULL, NULL, napi_default, NULL},
      {"watch", NULL, method_watch, NULL, NULL, NULL, napi_default, NULL},
      {"pause", NULL, method_pause, NULL, NULL, NULL, napi_default, NULL},
      {"bind", NULL, method_bind, NULL, NULL, NULL, napi_default, NULL},
      {"setOption", NULL, method_set_option, NULL, NULL, NULL, napi_default, NULL},
      {"getOption", NULL, method_get_option, NULL, NULL, NULL, napi_default, NULL},
      {"setFilter", NULL, method_set_filter, NULL, NULL, NULL, napi_default, NULL},
      {"send", NULL, descriptor_send, NULL, NULL, NULL, napi_default, NULL},
      {"sendMany", NULL, descriptor_send_many, NULL, NULL, NULL, napi_default, NULL},
      {"receive", NULL, descriptor_receive, NULL, NULL, NULL, napi_default, NULL},
      {"receiveMany", NULL, descriptor_receive_many, NULL, NULL, NULL, napi_default, NULL},
      {"receiveBatch", NULL, descriptor_receive_batch, NULL, NULL, NULL, napi_default, NULL},
      {"setTimer", NULL, method_set_timer, NULL, NULL, NULL, napi_default, NULL},
  };
  struct instance *instance;
  napi_value object = NULL;
  struct descriptor *descriptor = calloc(1, sizeof *descriptor);
  if (descriptor == NULL || napi_get_instance_data(env, (void **)&instance) != napi_ok || instance->ended ||
      napi_create_object(env, &object) != napi_ok ||
      napi_define_properties(env, object, sizeof methods / sizeof *methods, methods) != napi_ok ||
      napi_type_tag_object(env, object, &descriptor_tag) != napi_ok ||
      napi_wrap(env, object, descriptor, finalize_descriptor, NULL, NULL) != napi_ok) {
    free(descriptor);
    close(fd);
    return throw_type(env, "%s could not be made", "the descriptor object");
  }
  *descriptor = kind;
  descriptor->instance = instance;
  descriptor->fd = fd;
  descriptor->next = instance->first;
  if (instance->first != NULL) instance->first->previous = descriptor;
  instance->first = descriptor;
  return object;
}

/* socket(domain, type, protocol): close-on-exec and non-blocking. Datagram families only: nothing here streams. */
napi_value descriptor_socket(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int domain, type, protocol;
  if (!take_arguments(env, info, 3, argv, NULL) || !integer_argument(env, argv[0], "domain", 0, 255, &domain) ||
      !integer_argument(env, argv[1], "type", 0, 255, &type) ||
      !integer_argument(env, argv[2], "protocol", 0, 65535, &protocol))
    return NULL;
  if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6 && domain != AF_NETLINK && domain != AF_PACKET)
    return throw_range(env, "%s must be AF_UNIX, AF_INET, AF_INET6, AF_NETLINK or AF_PACKET", "domain");
  if (type != SOCK_DGRAM && type != SOCK_RAW)
    return throw_range(env, "%s must be SOCK_DGRAM or SOCK_RAW", "type");
  int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  /* Unix sockets may be handed descriptors; the other families know none, and AF_PACKET refuses the flag. */
  struct descriptor kind = {.receive_flags = domain == AF_UNIX ? MSG_CMSG_CLOEXEC : 0};
  return fd < 0 ? throw_errno(env, "socket") : wrap(env, fd, kind);
}

/* adopt(fd): another handle to a socket that somebody else opened and goes on owning; close() leaves theirs open. */
napi_value descriptor_adopt(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int given, type;
  socklen_t length = sizeof type;
  if (!take_arguments(env, info, 1, argv, NULL) || !integer_argument(env, argv[0], "fd", 0, INT32_MAX, &given))
    return NULL;
  if (getsockopt(given, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return throw_errno(env, "getsockopt");
  if (type != SOCK_DGRAM && type != SOCK_RAW)
    return throw_range(env, "%s must be a datagram or raw socket", "fd");
  int fd = fcntl(given, F_DUPFD_CLOEXEC, 0);
  return fd < 0 ? throw_errno(env, "fcntl") : wrap(env, fd, (struct descriptor){0});
}

napi_value descriptor_timer(napi_env env, napi_callback_info info) {
  if (!take_arguments(env, info, 0, NULL, NULL)) return NULL;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  return fd < 0 ? throw_errno(env, "timerfd_create") : wrap(env, fd, (struct descriptor){.is_timer = true});
}
