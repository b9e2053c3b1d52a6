/*
 * The limit that the xdp driver is measured against: the same packet again and again, over the same AF_XDP path, as
 * fast as one core can.
 *
 *   xdp-limit INTERFACE SECONDS DESTINATION_MAC
 *
 * Prints packets sent and nanoseconds taken. Build: cc -O2 -o xdp-limit xdp-limit.c
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 512
#define FRAME_BYTES 256
#define CHUNK_BYTES 2048
#define RING 512
#define BATCH 256
#define MAX_TX_SKB_BUDGET 9

static void must(int ok, const char *what) {
  if (!ok) {
    perror(what);
    exit(1);
  }
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: xdp-limit INTERFACE SECONDS DESTINATION_MAC\n");
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

  int fd = socket(AF_XDP, SOCK_RAW, 0);
  must(fd >= 0, "socket");
  void *memory = mmap(NULL, (size_t)FRAMES * FRAME_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  must(memory != MAP_FAILED, "mmap");
  for (int i = 0; i < FRAMES; i++) memcpy((char *)memory + (size_t)i * FRAME_BYTES, packet, sizeof packet);
  struct xdp_umem_reg registration = {.addr = (uintptr_t)memory, .len = (uint64_t)FRAMES * FRAME_BYTES, .chunk_size = CHUNK_BYTES};
  must(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &registration, sizeof registration) == 0, "XDP_UMEM_REG");
  int fill = 64, completions = FRAMES, ring = RING, budget = RING;
  must(setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &fill, sizeof fill) == 0, "fill ring");
  must(setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &completions, sizeof completions) == 0, "completion ring");
  must(setsockopt(fd, SOL_XDP, XDP_TX_RING, &ring, sizeof ring) == 0, "transmit ring");
  must(setsockopt(fd, SOL_XDP, MAX_TX_SKB_BUDGET, &budget, sizeof budget) == 0 || errno == ENOPROTOOPT, "packets in one call");
  struct xdp_mmap_offsets offsets;
  socklen_t bytes = sizeof offsets;
  must(getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &bytes) == 0, "offsets");
  char *tx = mmap(NULL, offsets.tx.desc + RING * sizeof(struct xdp_desc), PROT_READ | PROT_WRITE, MAP_SHARED, fd, XDP_PGOFF_TX_RING);
  char *cq = mmap(NULL, offsets.cr.desc + FRAMES * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, XDP_UMEM_PGOFF_COMPLETION_RING);
  must(tx != MAP_FAILED && cq != MAP_FAILED, "map rings");
  struct sockaddr_xdp address = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP | XDP_COPY, .sxdp_ifindex = if_nametoindex(argv[1])};
  for (int i = 0; bind(fd, (struct sockaddr *)&address, sizeof address) != 0; i++) {
    must(errno == EBUSY && i < 50, "bind");
    usleep(10000);
  }

  uint32_t *producer = (uint32_t *)(tx + offsets.tx.producer), *consumer = (uint32_t *)(tx + offsets.tx.consumer);
  uint32_t *returned = (uint32_t *)(cq + offsets.cr.producer), *collected = (uint32_t *)(cq + offsets.cr.consumer);
  struct xdp_desc *descriptors = (struct xdp_desc *)(tx + offsets.tx.desc);
  uint64_t sent = 0, start = now_ns(), end = start + (uint64_t)(atof(argv[2]) * 1e9);
  uint32_t next = 0;
  while (now_ns() < end) {
    __atomic_store_n(collected, __atomic_load_n(returned, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    uint32_t at = *producer;
    for (int i = 0; i < BATCH; i++) {
      struct xdp_desc *d = &descriptors[(at + (uint32_t)i) & (RING - 1)];
      d->addr = (uint64_t)(next++ & (FRAMES - 1)) * FRAME_BYTES;
      d->len = sizeof packet;
      d->options = 0;
    }
    __atomic_store_n(producer, at + BATCH, __ATOMIC_RELEASE);
    while (__atomic_load_n(consumer, __ATOMIC_ACQUIRE) != at + BATCH) {
      if (sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0) {
        must(errno == EAGAIN || errno == ENOBUFS || errno == EBUSY, "sendto");
        __atomic_store_n(collected, __atomic_load_n(returned, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
      }
    }
    sent += BATCH;
  }
  printf("%llu %llu\n", (unsigned long long)sent, (unsigned long long)(now_ns() - start));
  return 0;
}
