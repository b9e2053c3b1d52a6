/*
 * The limit that the packet driver is measured against: the same packet again and again, in batches of sendmmsg over a
 * packet socket, as fast as one core can.
 *
 *   packet-limit INTERFACE SECONDS DESTINATION_MAC
 *
 * Prints packets sent. Build: cc -O2 -o packet-limit packet-limit.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define BATCH 256

static void must(int ok, const char *what) {
  if (!ok) {
    perror(what);
    exit(1);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: packet-limit INTERFACE SECONDS DESTINATION_MAC\n");
    return 2;
  }
  /* A TCP SYN of 78 bytes with Ethernet header: what a version 1 probe measures. */
  unsigned char packet[78] = {0};
  unsigned int mac[6];
  must(sscanf(argv[3], "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) == 6, "MAC address");
  for (int i = 0; i < 6; i++) packet[i] = (unsigned char)mac[i];
  packet[6] = 2;
  packet[12] = 8;
  packet[14] = 0x45;
  packet[17] = 64;
  packet[22] = 64;
  packet[23] = 6;
  packet[26] = 192;
  packet[28] = 2;
  packet[29] = 1;
  packet[30] = 198;
  packet[31] = 18;
  packet[33] = 1;
  packet[46] = 0xb0;
  packet[47] = 2;

  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  must(fd >= 0, "socket");
  /* Protocol 0: nothing is received. */
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
  must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = packet, .iov_len = sizeof packet};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  unsigned long long sent = 0;
  for (double end = now() + atof(argv[2]); now() < end;) {
    int taken = sendmmsg(fd, messages, BATCH, MSG_DONTWAIT);
    must(taken >= 0 || errno == EAGAIN || errno == ENOBUFS, "sendmmsg");
    if (taken > 0) sent += (unsigned long long)taken;
  }
  printf("%llu\n", sent);
  return 0;
}
