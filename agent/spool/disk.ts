import { statfs } from "node:fs/promises";

/** Bytes that a program without rights may still write to the disk that a folder is on. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
