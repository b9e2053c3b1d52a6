/** Numbers of the Linux user-space interface (linux/if_packet.h, asm-generic/socket.h, linux/sockios.h, x64 and arm64). */
export const AF_PACKET = 17;
export const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
export const ETH_P_ALL = 0x0003;

export const SOL_SOCKET = 1;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;

export const SOL_PACKET = 263;
export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_VERSION = 10;
export const PACKET_QDISC_BYPASS = 20;
export const PACKET_IGNORE_OUTGOING = 23;
export const TPACKET_V3 = 2;

export const SIOCGIFINDEX = 0x8933;
export const SIOCGIFHWADDR = 0x8927;
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;

export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 0x01;
/** MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE */
export const MAP_OVER_WITH_ZERO_PAGES = 0x02 | 0x10 | 0x20 | 0x4000;

export const MSG_DONTWAIT = 0x40;
