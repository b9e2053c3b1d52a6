/** Numbers of the Linux user-space interface (linux/if_packet.h, asm-generic/socket.h, linux/sockios.h, x64 and arm64). */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
export const SOCK_STREAM_CLOEXEC_NONBLOCK = 1 | 0o2000000 | 0o4000;
export const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
export const ETH_P_ALL = 0x0003;

export const IPPROTO_TCP = 6;
/** linux/in.h, since Linux 5.6. */
export const IPPROTO_MPTCP = 262;

export const SOL_SOCKET = 1;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;

export const SOL_PACKET = 263;
export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_VERSION = 10;
export const PACKET_TX_RING = 13;
export const PACKET_VNET_HDR = 15;
export const PACKET_IGNORE_OUTGOING = 23;
export const TPACKET_V2 = 1;
export const TPACKET_V3 = 2;

export const SIOCGIFINDEX = 0x8933;
export const SIOCGIFHWADDR = 0x8927;
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;

export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 0x01;
export const MAP_FIXED = 0x10;
/** MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE */
export const MAP_OVER_WITH_ZERO_PAGES = 0x02 | 0x10 | 0x20 | 0x4000;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** linux/if_xdp.h */
export const AF_XDP = 44;
export const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
export const SOL_XDP = 283;
export const XDP_MMAP_OFFSETS = 1;
export const XDP_TX_RING = 3;
export const XDP_UMEM_REG = 4;
export const XDP_UMEM_FILL_RING = 5;
export const XDP_UMEM_COMPLETION_RING = 6;
/** Since Linux 6.17. */
export const XDP_MAX_TX_SKB_BUDGET = 9;
export const XDP_COPY = 1 << 1;
export const XDP_ZEROCOPY = 1 << 2;
export const XDP_USE_NEED_WAKEUP = 1 << 3;
export const XDP_RING_NEED_WAKEUP = 1 << 0;
export const XDP_PGOFF_TX_RING = 0x8000_0000;
export const XDP_UMEM_PGOFF_COMPLETION_RING = 0x1_8000_0000;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE */
export const MAP_NEW_MEMORY = 0x02 | 0x20 | 0x8000;
