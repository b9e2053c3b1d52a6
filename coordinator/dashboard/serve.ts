import type { FastifyInstance } from "fastify";
import { UserError } from "../../shared/errors.js";
import { PAGE_PATHS, type PageFile, readPageFiles } from "./files.js";

/** The page takes everything from where it came from, and nobody may put it into a page of theirs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  // A newer coordinator has a newer page.
  "Cache-Control": "no-cache",
} as const;

/**
 * The dashboard's files. They are the same for everybody and hold nothing of a campaign: what they show they ask the API
 * for, as whoever looks at them.
 */
export function dashboardRoutes(
  server: FastifyInstance,
  files: ReadonlyMap<string, PageFile> | null = readPageFiles(),
): void {
  for (const path of Object.keys(PAGE_PATHS)) {
    server.get(path, (request, reply) => {
      const file = files?.get(path);
      if (file === undefined) {
        throw new UserError("the dashboard is not built", { remedy: "run `npm run build` and start again" });
      }
      reply.headers({ ...HEADERS, ETag: file.tag, Vary: "Accept-Encoding" }).type(file.type);
      if (request.headers["if-none-match"] === file.tag) return reply.code(304).send();
      if (!/\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""))) return reply.send(file.plain);
      return reply.header("Content-Encoding", "gzip").send(file.gzipped);
    });
  }
}
