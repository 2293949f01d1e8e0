/*
 * netio: the few system calls the router needs that Node does not have. Sockets and timers by number, nothing about
 * any protocol: addresses, options and ancillary data cross as bytes and are made and read in TypeScript.
 * Contract of every function: wrong types throw TypeError, wrong ranges RangeError, the kernel's refusals an Error
 * with code, errno and syscall as Node's own have. No argument can crash the process.
 */
#ifndef NETIO_H
#define NETIO_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* sendmmsg/recvmmsg batch; bounds the stack arrays. */
#define NETIO_BATCH 64
/* Most bytes of one message, of one sockaddr, of one control buffer and of one option value. */
#define NETIO_MESSAGE_MAX (1 << 20)
#define NETIO_ADDRESS_MAX ((size_t)sizeof(struct sockaddr_storage))
#define NETIO_CONTROL_MAX 4096
#define NETIO_OPTION_MAX 4096

struct bytes {
  uint8_t *data;
  size_t length;
};
struct limits {
  size_t low;
  size_t high;
};

/* arguments.c: each returns false after it has thrown. */
bool take_arguments(napi_env env, napi_callback_info info, size_t expected, napi_value *argv, napi_value *self);
bool integer_argument(napi_env env, napi_value value, const char *name, int64_t low, int64_t high, int *out);
bool bytes_argument(napi_env env, napi_value value, const char *name, struct limits limits, struct bytes *out);
bool optional_bytes_argument(napi_env env, napi_value value, const char *name, struct limits limits,
                             struct bytes *out);
/* Lists of 1..NETIO_BATCH Uint8Arrays. All elements are fetched before any pointer is taken: a getter among them could
 * otherwise detach a buffer whose address is already in use. */
bool bytes_list_argument(napi_env env, napi_value value, const char *name, struct bytes *out, uint32_t *count);
bool is_nullish(napi_env env, napi_value value);
napi_value throw_type(napi_env env, const char *format, const char *name);
napi_value throw_range(napi_env env, const char *format, const char *name);
napi_value throw_errno(napi_env env, const char *syscall);
napi_value number_value(napi_env env, double value);
void set_number(napi_env env, napi_value object, const char *name, double value);

/* descriptor.c: objects that own a file descriptor. */
bool descriptors_init(napi_env env);
struct descriptor;
/* The open descriptor behind `this`, with the arguments; throws and returns NULL for anything else. */
struct descriptor *descriptor_take(napi_env env, napi_callback_info info, size_t expected, napi_value *argv);
int descriptor_fd(const struct descriptor *descriptor);
int descriptor_receive_flags(const struct descriptor *descriptor);
napi_value descriptor_socket(napi_env env, napi_callback_info info);
napi_value descriptor_adopt(napi_env env, napi_callback_info info);
napi_value descriptor_timer(napi_env env, napi_callback_info info);

/* transfer.c: its methods that move messages. */
napi_value descriptor_send(napi_env env, napi_callback_info info);
napi_value descriptor_send_many(napi_env env, napi_callback_info info);
napi_value descriptor_receive(napi_env env, napi_callback_info info);
napi_value descriptor_receive_many(napi_env env, napi_callback_info info);
napi_value descriptor_receive_batch(napi_env env, napi_callback_info info);

#endif
