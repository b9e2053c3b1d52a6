import { z } from "zod";

const share = z.number().min(0).max(1);

/** How frequent things are in a seeded world, each as a share of 1. */
export const sharesSchema = z
  .strictObject({
    /** Of networks (/24, /48): nobody is there. */
    dark: share.default(0.6),
    /** Of addresses in other networks: somebody is there. */
    hosts: share.default(0.1),
    /** Of ports of hosts: a server listens, or the host refuses by RST or ICMP; silence is what is left. */
    open: share.default(0.35),
    closed: share.default(0.35),
    unreachable: share.default(0.02),
    /** Of hosts with servers: these speak MPTCP version 1, or 0. */
    mptcp: share.default(0.001),
    mptcpV0: share.default(0.0005),
    /** Of networks: a box before the hosts sends options back. Mirrors outnumber genuine hosts about seven times. */
    echoes: share.default(0.01),
    /** Of places where a box can stand (one near the vantage point, one in transit, one near the host). */
    headerBoxes: share.default(0.05),
    optionBoxes: share.default(0.003),
    /** Of routers: they send no ICMP. */
    silentRouters: share.default(0.08),
  })
  .readonly();
export type Shares = z.output<typeof sharesSchema>;
