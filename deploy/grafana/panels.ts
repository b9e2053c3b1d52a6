/** A graph of a dashboard: its title, what it shows, and in which unit of Grafana's. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  /** Expressions with what each line is called; `{{label}}` stands for a label's value. */
  readonly lines: readonly (readonly [expr: string, legend: string])[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const AGENT = "{{agent}} ({{vantage}})";
const rate = (metric: string): string => `rate(${metric}[5m])`;
const quantile = (share: number, histogram: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket[5m])))`;

/** The fleet and its campaigns, by what the coordinator alone knows. "Sent, and what came back" is first. */
const FLEET: Dashboard = {
  uid: "parallax-fleet",
  title: "Parallax: fleet and campaigns",
  panels: [
    { title: "Sent, by agent", unit: "pps", lines: [[rate("parallax_fleet_packets_sent_total"), AGENT]] },
    { title: "Replies, by agent", unit: "pps", lines: [[rate("parallax_fleet_replies_total"), AGENT]] },
    {
      title: "Hit rate, by agent",
      unit: "percentunit",
      lines: [[`${rate("parallax_fleet_replies_total")} / ${rate("parallax_fleet_packets_sent_total")}`, AGENT]],
    },
    { title: "Alarms open", unit: "short", lines: [["parallax_alarms_open", "{{kind}}"]] },
    { title: "Agents", unit: "short", lines: [["parallax_fleet_agents", "{{state}}"]] },
    { title: "Leases, by agent", unit: "short", lines: [["parallax_fleet_leases", AGENT]] },
    {
      title: "Campaigns: targets committed",
      unit: "percentunit",
      lines: [["parallax_campaign_targets_committed / parallax_campaign_targets", "{{campaign}}"]],
    },
    {
      title: "Campaigns: targets a second",
      unit: "short",
      lines: [["deriv(parallax_campaign_targets_sent[5m])", "{{campaign}}"]],
    },
    {
      title: "Campaigns: packets a second",
      unit: "pps",
      lines: [["parallax_campaign_packets_per_second", "{{campaign}}"]],
    },
    {
      title: "Grants: latency",
      unit: "s",
      lines: [
        [quantile(0.5, "parallax_grant_latency_seconds"), "median"],
        [quantile(0.99, "parallax_grant_latency_seconds"), "p99"],
      ],
    },
    { title: "Spools, by agent", unit: "bytes", lines: [["parallax_fleet_spool_bytes", AGENT]] },
    { title: "Clocks, by agent", unit: "s", lines: [["parallax_fleet_clock_offset_seconds", AGENT]] },
    {
      title: "Certificates: time left",
      unit: "s",
      lines: [["parallax_fleet_certificate_expiry_timestamp_seconds - time()", AGENT]],
    },
    {
      title: "Lost at agents: receive ring full",
      unit: "pps",
      lines: [[rate("parallax_fleet_receive_drops_total"), AGENT]],
    },
    { title: "Send errors, by agent", unit: "pps", lines: [[rate("parallax_fleet_send_errors_total"), AGENT]] },
  ],
};

/** Rows from the broker to the tables. */
const PATH: Dashboard = {
  uid: "parallax-path",
  title: "Parallax: broker, ingest, warehouse",
  panels: [
    { title: "Rows a second", unit: "rps", lines: [[`sum(${rate("parallax_ingest_rows_total")})`, "committed"]] },
    { title: "Bytes a second", unit: "Bps", lines: [[`sum(${rate("parallax_ingest_bytes_total")})`, "committed"]] },
    { title: "How far ingest is behind", unit: "s", lines: [["parallax_broker_stream_oldest_seconds", "{{stream}}"]] },
    {
      title: "Inserts",
      unit: "s",
      lines: [
        [quantile(0.5, "parallax_ingest_insert_seconds"), "median"],
        [quantile(0.99, "parallax_ingest_insert_seconds"), "p99"],
      ],
    },
    {
      title: "Batches a second",
      unit: "short",
      lines: [
        [`sum(${rate("parallax_ingest_batches_total")})`, "inserted"],
        [`sum(${rate("parallax_ingest_duplicate_batches_total")})`, "duplicates refused"],
        [`sum(${rate("parallax_ingest_dead_letters_total")})`, "dead letters"],
      ],
    },
    { title: "Messages in streams", unit: "short", lines: [["parallax_broker_stream_messages", "{{stream}}"]] },
    {
      title: "Streams: how full",
      unit: "percentunit",
      lines: [["parallax_broker_stream_bytes / parallax_broker_stream_limit_bytes", "{{stream}}"]],
    },
    {
      title: "Batches at ingest",
      unit: "short",
      lines: [
        ["parallax_broker_unacknowledged_batches", "not acknowledged"],
        ["parallax_broker_redelivered_batches", "delivered again"],
      ],
    },
    {
      title: "Warehouse: queries a second",
      unit: "short",
      lines: [
        [rate("parallax_warehouse_queries_total"), "all"],
        [rate("parallax_warehouse_inserts_total"), "inserts"],
        [rate("parallax_warehouse_failed_queries_total"), "failed"],
      ],
    },
    {
      title: "Warehouse: at work",
      unit: "short",
      lines: [
        ["parallax_warehouse_running_queries", "queries"],
        ["parallax_warehouse_running_merges", "merges"],
      ],
    },
    { title: "Warehouse: memory", unit: "bytes", lines: [["parallax_warehouse_memory_bytes", "engine"]] },
    { title: "Tables: rows", unit: "short", lines: [["parallax_warehouse_table_rows", "{{table}}"]] },
    { title: "Tables: bytes", unit: "bytes", lines: [["parallax_warehouse_table_bytes", "{{table}}"]] },
    { title: "Disk: free", unit: "bytes", lines: [["parallax_data_disk_free_bytes", "data folder"]] },
    {
      title: "Up",
      unit: "short",
      lines: [
        ["parallax_warehouse_up", "warehouse"],
        ["parallax_broker_up", "broker"],
      ],
    },
    {
      title: "Memory of the processes",
      unit: "bytes",
      lines: [["process_resident_memory_bytes", "{{job}} {{instance}}"]],
    },
  ],
};

/** Agents whose own metrics are read. */
const AGENTS: Dashboard = {
  uid: "parallax-agents",
  title: "Parallax: agents from the inside",
  panels: [
    {
      title: "Sent, and the cap",
      unit: "pps",
      lines: [
        [rate("parallax_agent_probes_sent_total"), "{{instance}}"],
        ["parallax_agent_rate_limit_packets_per_second", "cap of {{instance}}"],
      ],
    },
    { title: "Replies", unit: "pps", lines: [[rate("parallax_agent_replies_total"), "{{instance}}"]] },
    {
      title: "Packets that are no reply",
      unit: "pps",
      lines: [[rate("parallax_agent_packets_rejected_total"), "{{instance}} {{reason}}"]],
    },
    { title: "Gate shut", unit: "short", lines: [["parallax_agent_gate_shut", "{{instance}} {{reason}}"]] },
    {
      title: "Gate pauses",
      unit: "short",
      lines: [["increase(parallax_agent_gate_pauses_total[5m])", "{{instance}} {{reason}}"]],
    },
    {
      title: "Waits for the rate",
      unit: "short",
      lines: [[rate("parallax_agent_rate_limit_waits_total"), "{{instance}}"]],
    },
    {
      title: "Rows a second",
      unit: "rps",
      lines: [
        [rate("parallax_agent_stored_rows_total"), "stored {{instance}}"],
        [rate("parallax_agent_published_rows_total"), "published {{instance}}"],
        [rate("parallax_agent_committed_rows_total"), "committed {{instance}}"],
      ],
    },
    { title: "Spool: oldest batch", unit: "s", lines: [["parallax_agent_spool_oldest_seconds", "{{instance}}"]] },
    {
      title: "Spool: how full",
      unit: "percentunit",
      lines: [["parallax_agent_spool_bytes / parallax_agent_spool_limit_bytes", "{{instance}}"]],
    },
    { title: "Spool: batches", unit: "short", lines: [["parallax_agent_spool_batches", "{{instance}} {{state}}"]] },
    {
      title: "Published to committed",
      unit: "s",
      lines: [
        [quantile(0.5, "parallax_agent_commit_lag_seconds"), "median"],
        [quantile(0.99, "parallax_agent_commit_lag_seconds"), "p99"],
      ],
    },
    {
      title: "Publications",
      unit: "short",
      lines: [
        [rate("parallax_agent_republished_batches_total"), "again {{instance}}"],
        [rate("parallax_agent_publish_failures_total"), "failed {{instance}}"],
      ],
    },
    { title: "Clock", unit: "s", lines: [["parallax_agent_clock_offset_seconds", "{{instance}}"]] },
    {
      title: "Certificate: time left",
      unit: "s",
      lines: [["parallax_agent_certificate_expiry_timestamp_seconds - time()", "{{instance}}"]],
    },
    {
      title: "Memory",
      unit: "bytes",
      lines: [["process_resident_memory_bytes{job='parallax-agent'}", "{{instance}}"]],
    },
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [FLEET, PATH, AGENTS];
