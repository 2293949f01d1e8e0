/*
 * The client of the fail-over bench: asks a virtual IP for an ICMP echo every millisecond and reports the longest time
 * without an answer. It runs in the namespace of the switch, so that one process and one clock can do three things:
 * probe the address, see the advertisements pass, and cut a port a fixed time after one of them. Cutting at the same
 * phase for every contender keeps chance out of the comparison: a fail-over takes as long as the peer's patience
 * minus the time since the last advertisement.
 *
 * usage: probe BRIDGE VIP SECONDS [ACTION-AT-MS down|stop PORT|PID PHASE-US]
 * prints one JSON object. C, because a millisecond grid must not wait for a garbage collector.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROTOCOL_VRRP 112
#define ANSWER_US 50000

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what) {
  fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint16_t checksum(const void *data, size_t length) {
  const uint16_t *words = data;
  uint32_t sum = 0;
  for (size_t i = 0; i < length / 2; i++) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static int open_watch(const char *bridge) {
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_IP));
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex(bridge)};
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) fail("watching the bridge");
  return fd;
}

static void cut(const char *port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strncpy(request.ifr_name, port, IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) fail("reading the port's flags");
  request.ifr_flags &= ~IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail("cutting the port");
  close(fd);
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 8) {
    fprintf(stderr, "usage: probe BRIDGE VIP SECONDS [AFTER-MS down|stop PORT|PID PHASE-US]\n");
    return 2;
  }
  struct sockaddr_in vip = {.sin_family = AF_INET};
  if (inet_pton(AF_INET, argv[2], &vip.sin_addr) != 1) fail("VIP");
  int64_t started = now_us(), ends = started + (int64_t)(atof(argv[3]) * 1e6);
  int64_t act_after = argc == 8 ? started + atoll(argv[4]) * 1000 : INT64_MAX;
  int by_link = argc == 8 && strcmp(argv[5], "down") == 0;
  int64_t phase = argc == 8 ? atoll(argv[7]) : 0;

  struct sched_param priority = {.sched_priority = 60};
  sched_setscheduler(0, SCHED_FIFO, &priority);
  int echo = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
  if (echo < 0) fail("raw ICMP socket");
  int watch = open_watch(argv[1]);
  uint16_t id = (uint16_t)getpid();
  uint32_t sequence = 0;

  int64_t next = started, act_at = INT64_MAX, acted_at = 0, last_answer = 0, last_sent = 0, gap_from = 0, gap_to = 0, longest = 0;
  int64_t first_after = 0;
  uint32_t sent = 0, answered = 0, adverts = 0;
  uint32_t before_sent = 0;
  while (now_us() < ends) {
    int64_t wake = next < act_at ? next : act_at;
    int64_t wait = wake - now_us();
    struct pollfd fds[2] = {{.fd = echo, .events = POLLIN}, {.fd = watch, .events = POLLIN}};
    struct timespec timeout = {wait > 0 ? wait / 1000000 : 0, wait > 0 ? (wait % 1000000) * 1000 : 0};
    ppoll(fds, 2, &timeout, NULL);

    uint8_t packet[2048];
    ssize_t length;
    while ((length = recv(echo, packet, sizeof packet, 0)) > 0) {
      struct iphdr *ip = (struct iphdr *)packet;
      struct icmphdr *icmp = (struct icmphdr *)(packet + ip->ihl * 4);
      if (icmp->type != ICMP_ECHOREPLY || icmp->un.echo.id != id || ip->saddr != vip.sin_addr.s_addr) continue;
      int64_t at = now_us();
      answered++;
      if (last_answer != 0 && at - last_answer > longest) longest = at - last_answer, gap_from = last_answer, gap_to = at;
      if (acted_at != 0 && first_after == 0 && at - acted_at > 1500) first_after = at;
      last_answer = at;
    }
    while ((length = recv(watch, packet, sizeof packet, 0)) > 0) {
      struct iphdr *ip = (struct iphdr *)packet;
      if (ip->protocol != PROTOCOL_VRRP) continue;
      adverts++;
      int64_t at = now_us();
      if (at >= act_after && act_at == INT64_MAX && acted_at == 0) act_at = at + phase;
    }
    int64_t at = now_us();
    if (at >= act_at) {
      if (by_link) cut(argv[6]);
      else if (kill(atoi(argv[6]), strcmp(argv[5], "stop") == 0 ? SIGTERM : SIGKILL) < 0) fail("signalling");
      acted_at = now_us();
      act_at = INT64_MAX;
      before_sent = sent;
    }
    /* The last ones are given time for their answers, so that none is counted as lost that is only on its way. */
    if (at >= next && at < ends - ANSWER_US) {
      last_sent = at;
      struct icmphdr request = {.type = ICMP_ECHO};
      request.un.echo.id = id;
      request.un.echo.sequence = (uint16_t)++sequence;
      request.checksum = checksum(&request, sizeof request);
      if (sendto(echo, &request, sizeof request, 0, (struct sockaddr *)&vip, sizeof vip) >= 0 || errno == EHOSTUNREACH) sent++;
      next += 1000;
      if (next < at) next = at + 1000;
    }
  }
  int64_t silent_end = last_answer == 0 ? ends - started : last_sent > last_answer ? last_sent - last_answer : 0;
  printf("{\"sent\":%u,\"answered\":%u,\"lost\":%u,\"advertisements\":%u,\"longestGapMs\":%.3f,\"gapStartMs\":%.3f,"
         "\"gapEndMs\":%.3f,\"actedAtMs\":%.3f,\"silentAtEndMs\":%.3f,\"sentBeforeAction\":%u}\n",
         sent, answered, sent - answered, adverts, longest / 1000.0, (gap_from - started) / 1000.0, (gap_to - started) / 1000.0,
         acted_at == 0 ? -1.0 : (acted_at - started) / 1000.0, silent_end / 1000.0, before_sent);
  return 0;
}
