{
  "targets": [
    {
      "target_name": "netio",
      "sources": ["netio.c", "descriptor.c", "transfer.c", "arguments.c"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]
    }
  ]
}
