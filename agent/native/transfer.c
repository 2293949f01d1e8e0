/* Messages in and out of a descriptor, one or many to a system call. See netio.h. */
#include "netio.h"

#include <errno.h>
#include <string.h>

/* What send and receive share: address and control, either of them null. */
static bool address_and_control(napi_env env, napi_value *argv, struct bytes *address, struct bytes *control) {
  return optional_bytes_argument(env, argv[0], "address", (struct limits){2, NETIO_ADDRESS_MAX}, address) &&
         optional_bytes_argument(env, argv[1], "control", (struct limits){0, NETIO_CONTROL_MAX}, control);
}

static struct msghdr message_header(struct iovec *vector, struct bytes data, struct bytes address,
                                    struct bytes control) {
  *vector = (struct iovec){data.data, data.length};
  return (struct msghdr){.msg_name = address.data,
                         .msg_namelen = (socklen_t)address.length,
                         .msg_iov = vector,
                         .msg_iovlen = 1,
                         .msg_control = control.data,
                         .msg_controllen = control.length};
}

/* send(data, address, control) → bytes sent */
napi_value descriptor_send(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct bytes data, address, control;
  struct iovec vector;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  if (descriptor == NULL || !bytes_argument(env, argv[0], "data", (struct limits){0, NETIO_MESSAGE_MAX}, &data) ||
      !address_and_control(env, argv + 1, &address, &control))
    return NULL;
  struct msghdr header = message_header(&vector, data, address, control);
  ssize_t sent = sendmsg(descriptor_fd(descriptor), &header, MSG_NOSIGNAL);
  return sent < 0 ? throw_errno(env, "sendmsg") : number_value(env, (double)sent);
}

/* sendMany(list, address, control) → messages sent; fewer than given when the socket's buffer was full. */
napi_value descriptor_send_many(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct bytes data[NETIO_BATCH], address, control;
  struct iovec vectors[NETIO_BATCH];
  struct mmsghdr headers[NETIO_BATCH];
  uint32_t count;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  /* Reading the list may run JavaScript (getters), which may close this very descriptor: its number is read afterwards. */
  if (descriptor == NULL || !bytes_list_argument(env, argv[0], "list", data, &count) ||
      !address_and_control(env, argv + 1, &address, &control))
    return NULL;
  for (uint32_t i = 0; i < count; i++)
    headers[i] = (struct mmsghdr){.msg_hdr = message_header(&vectors[i], data[i], address, control)};
  int sent = sendmmsg(descriptor_fd(descriptor), headers, count, MSG_NOSIGNAL);
  return sent < 0 ? throw_errno(env, "sendmmsg") : number_value(env, sent);
}

static napi_value received(napi_env env, size_t bytes, const struct msghdr *header) {
  napi_value result;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  set_number(env, result, "bytes", (double)bytes);
  set_number(env, result, "addressBytes", header->msg_namelen);
  set_number(env, result, "controlBytes", (double)header->msg_controllen);
  set_number(env, result, "flags", header->msg_flags & ~MSG_CMSG_CLOEXEC);
  return result;
}

static napi_value null_value(napi_env env) {
  napi_value null = NULL;
  napi_get_null(env, &null);
  return null;
}

/* receive(data, address, control) → {bytes, addressBytes, controlBytes, flags}, or null when nothing is there. */
napi_value descriptor_receive(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct bytes data, address, control;
  struct iovec vector;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  if (descriptor == NULL || !bytes_argument(env, argv[0], "data", (struct limits){1, NETIO_MESSAGE_MAX}, &data) ||
      !address_and_control(env, argv + 1, &address, &control))
    return NULL;
  struct msghdr header = message_header(&vector, data, address, control);
  ssize_t bytes = recvmsg(descriptor_fd(descriptor), &header, descriptor_receive_flags(descriptor));
  if (bytes < 0) return errno == EAGAIN || errno == EINTR ? null_value(env) : throw_errno(env, "recvmsg");
  return received(env, (size_t)bytes, &header);
}

/* receiveMany(list) → one result a message, [] when nothing is there. */
napi_value descriptor_receive_many(napi_env env, napi_callback_info info) {
  napi_value argv[1], results;
  struct bytes data[NETIO_BATCH], none = {NULL, 0};
  struct iovec vectors[NETIO_BATCH];
  struct mmsghdr headers[NETIO_BATCH];
  uint32_t count;
  struct descriptor *descriptor = descriptor_take(env, info, 1, argv);
  if (descriptor == NULL || !bytes_list_argument(env, argv[0], "list", data, &count)) return NULL;
  for (uint32_t i = 0; i < count; i++)
    headers[i] = (struct mmsghdr){.msg_hdr = message_header(&vectors[i], data[i], none, none)};
  int messages = recvmmsg(descriptor_fd(descriptor), headers, count, MSG_DONTWAIT | descriptor_receive_flags(descriptor), NULL);
  if (messages < 0 && errno != EAGAIN && errno != EINTR) return throw_errno(env, "recvmmsg");
  if (napi_create_array(env, &results) != napi_ok) return NULL;
  for (int i = 0; i < messages; i++)
    napi_set_element(env, results, (uint32_t)i, received(env, headers[i].msg_len, &headers[i].msg_hdr));
  return results;
}

/*
 * receiveBatch(data, slotBytes, lengths) → messages received, 0 when nothing is there. `data` is slots of that size, one
 * for each message; `lengths` takes their lengths, four bytes each in the machine's order. Nothing is allocated: a
 * router hears thousands a second.
 */
napi_value descriptor_receive_batch(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct bytes data, lengths;
  struct iovec vectors[NETIO_BATCH];
  struct mmsghdr headers[NETIO_BATCH];
  int slot;
  struct descriptor *descriptor = descriptor_take(env, info, 3, argv);
  if (descriptor == NULL || !integer_argument(env, argv[1], "slotBytes", 1, NETIO_MESSAGE_MAX, &slot) ||
      !bytes_argument(env, argv[0], "data", (struct limits){(size_t)slot, NETIO_MESSAGE_MAX}, &data) ||
      !bytes_argument(env, argv[2], "lengths", (struct limits){4, 4 * NETIO_BATCH}, &lengths))
    return NULL;
  size_t slots = data.length / (size_t)slot, most = lengths.length / sizeof(uint32_t);
  unsigned count = (unsigned)(slots < most ? slots : most);
  for (unsigned i = 0; i < count; i++) {
    struct bytes part = {data.data + (size_t)slot * i, (size_t)slot}, none = {NULL, 0};
    headers[i] = (struct mmsghdr){.msg_hdr = message_header(&vectors[i], part, none, none)};
  }
  int messages = recvmmsg(descriptor_fd(descriptor), headers, count, MSG_DONTWAIT | descriptor_receive_flags(descriptor), NULL);
  if (messages < 0 && errno != EAGAIN && errno != EINTR) return throw_errno(env, "recvmmsg");
  for (int i = 0; i < messages; i++) {
    uint32_t length = headers[i].msg_len;
    memcpy(lengths.data + sizeof length * (size_t)i, &length, sizeof length);
  }
  return number_value(env, messages < 0 ? 0 : messages);
}
