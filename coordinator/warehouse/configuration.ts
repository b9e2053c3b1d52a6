/** Merges and mutations that share a thread in slices of time: a small one does not wait for a large one to end. */
const TASKS_PER_THREAD = 4;

/**
 * The engine's configuration file, for a machine with so many cores. Merges get half of the cores: with the engine's own
 * 16 threads they take what inserts need, and two cores insert a fifth less. When too many parts wait for a merge, the
 * engine slows inserts down by itself.
 */
export function engineConfiguration(cores: number): string {
  const threads = Math.max(1, Math.min(16, Math.floor(cores / 2)));
  const tasks = threads * TASKS_PER_THREAD;
  // One place is left for small merges, and for mutations; the engine's own numbers are for 32 places.
  return `<clickhouse>
  <max_server_memory_usage>8589934592</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <background_pool_size>${threads}</background_pool_size>
  <background_merges_mutations_concurrency_ratio>${TASKS_PER_THREAD}</background_merges_mutations_concurrency_ratio>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>${tasks - 1}</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;
}
