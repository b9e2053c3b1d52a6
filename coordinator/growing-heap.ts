/**
 * For processes whose garbage is batches, outside of a small heap (20 MB): at V8's default they mark all of the heap every
 * few batches, which was a third of the work of ingest. To be given to `v8.setFlagsFromString`.
 */
export const GROWING_HEAP = "--heap-growing-percent=1000";
