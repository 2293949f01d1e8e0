/* Checking arguments and shaping errors; see netio.h. */
#include "netio.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

napi_value throw_type(napi_env env, const char *format, const char *name) {
  char text[160];
  snprintf(text, sizeof text, format, name);
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
  return NULL;
}

napi_value throw_range(napi_env env, const char *format, const char *name) {
  char text[160];
  snprintf(text, sizeof text, format, name);
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
  return NULL;
}

napi_value number_value(napi_env env, double value) {
  napi_value number = NULL;
  napi_create_double(env, value, &number);
  return number;
}

void set_number(napi_env env, napi_value object, const char *name, double value) {
  napi_set_named_property(env, object, name, number_value(env, value));
}

napi_value throw_errno(napi_env env, const char *syscall) {
  int failure = errno;
  char code[32], text[200];
  uv_err_name_r(uv_translate_sys_error(failure), code, sizeof code);
  snprintf(text, sizeof text, "%s: %s, %s", code, strerror(failure), syscall);
  napi_value message, code_value, syscall_value, error;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value) != napi_ok ||
      napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &syscall_value) != napi_ok ||
      napi_create_error(env, code_value, message, &error) != napi_ok)
    return NULL;
  /* Negative, as in Node's own system errors. */
  set_number(env, error, "errno", -failure);
  napi_set_named_property(env, error, "syscall", syscall_value);
  napi_throw(env, error);
  return NULL;
}

bool take_arguments(napi_env env, napi_callback_info info, size_t expected, napi_value *argv, napi_value *self) {
  size_t argc = expected;
  if (napi_get_cb_info(env, info, &argc, argv, self, NULL) != napi_ok) return false;
  if (argc == expected) return true;
  char text[80];
  snprintf(text, sizeof text, "%zu arguments are needed, %zu were given", expected, argc);
  napi_throw_type_error(env, "ERR_MISSING_ARGS", text);
  return false;
}

bool integer_argument(napi_env env, napi_value value, const char *name, int64_t low, int64_t high, int *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    throw_type(env, "%s must be a number", name);
    return false;
  }
  if (!isfinite(number) || number != trunc(number) || number < (double)low || number > (double)high) {
    char text[160];
    snprintf(text, sizeof text, "%s must be an integer from %lld to %lld", name, (long long)low, (long long)high);
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
    return false;
  }
  /* Through int64 and uint32, so that values above 2^31 (option bits) keep their bit pattern. */
  *out = (int)(uint32_t)(int64_t)number;
  return true;
}

bool is_nullish(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

static bool view_bytes(napi_env env, napi_value value, const char *name, struct bytes *out) {
  bool is_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  size_t length = 0;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    throw_type(env, "%s must be a Uint8Array", name);
    return false;
  }
  /* A detached buffer reports no data. */
  out->data = data;
  out->length = data == NULL ? 0 : length;
  return true;
}

bool bytes_argument(napi_env env, napi_value value, const char *name, struct limits limits, struct bytes *out) {
  if (!view_bytes(env, value, name, out)) return false;
  if (out->length >= limits.low && out->length <= limits.high) return true;
  char text[160];
  snprintf(text, sizeof text, "%s must hold %zu to %zu bytes, not %zu", name, limits.low, limits.high, out->length);
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
  return false;
}

bool optional_bytes_argument(napi_env env, napi_value value, const char *name, struct limits limits,
                             struct bytes *out) {
  *out = (struct bytes){NULL, 0};
  return is_nullish(env, value) || bytes_argument(env, value, name, limits, out);
}

bool bytes_list_argument(napi_env env, napi_value value, const char *name, struct bytes *out, uint32_t *count) {
  bool is_array = false;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, value, count) != napi_ok) {
    throw_type(env, "%s must be an array of Uint8Arrays", name);
    return false;
  }
  if (*count < 1 || *count > NETIO_BATCH) {
    throw_range(env, "%s must hold 1 to 64 Uint8Arrays", name);
    return false;
  }
  napi_value elements[NETIO_BATCH];
  for (uint32_t i = 0; i < *count; i++)
    if (napi_get_element(env, value, i, &elements[i]) != napi_ok) return false;
  for (uint32_t i = 0; i < *count; i++)
    if (!bytes_argument(env, elements[i], name, (struct limits){0, NETIO_MESSAGE_MAX}, &out[i])) return false;
  return true;
}
