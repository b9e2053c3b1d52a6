/*
 * The limit that the packet driver is measured against: the same packet again and again, through the transmit ring of
 * a packet socket whose header makes the kernel copy it, as fast as one core can.
 *
 *   packet-limit INTERFACE SECONDS DESTINATION_MAC
 *
 * Prints packets sent. Build: cc -O2 -o packet-limit packet-limit.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 256
#define FRAMES (2 * BATCH)
#define FRAME_BYTES 256
#define VIRTIO_BYTES 10

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
  int version = TPACKET_V2, on = 1;
  must(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0, "version");
  must(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) == 0, "header");
  struct tpacket_req request = {FRAMES * FRAME_BYTES, 1, FRAME_BYTES, FRAMES};
  must(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof request) == 0, "ring");
  char *ring = mmap(NULL, FRAMES * FRAME_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(ring != MAP_FAILED, "mmap");
  for (int i = 0; i < FRAMES; i++) {
    struct tpacket2_hdr *frame = (void *)(ring + i * FRAME_BYTES);
    char *data = (char *)frame + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
    struct virtio_net_hdr header = {.hdr_len = sizeof packet};
    frame->tp_len = VIRTIO_BYTES + sizeof packet;
    memcpy(data, &header, VIRTIO_BYTES);
    memcpy(data + VIRTIO_BYTES, packet, sizeof packet);
  }
  /* Protocol 0: nothing is received. */
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
  must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  unsigned long long sent = 0;
  unsigned next = 0;
  for (double end = now() + atof(argv[2]); now() < end;) {
    for (int i = 0; i < BATCH; i++) {
      struct tpacket2_hdr *frame = (void *)(ring + next * FRAME_BYTES);
      if (frame->tp_status != TP_STATUS_AVAILABLE) break;
      frame->tp_status = TP_STATUS_SEND_REQUEST;
      next = (next + 1) % FRAMES;
      sent++;
    }
    int taken = sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
    must(taken >= 0 || errno == EAGAIN || errno == ENOBUFS, "sendto");
  }
  printf("%llu\n", sent);
  return 0;
}
