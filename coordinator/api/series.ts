import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { SeriesBook } from "../series/series.js";

const path = z.string().startsWith("/", "must be an absolute path");
const file = z.strictObject({
  text: z.string(),
  files: z.strictObject({ hitlist: path.optional(), aliased: path.optional() }).default({}),
});

/** The series' part of the operator's interface. */
export function seriesRoutes(server: FastifyInstance, { series }: { readonly series: SeriesBook }): void {
  const name = ({ params }: FastifyRequest) => z.object({ name: z.string() }).parse(params).name;
  server.get("/v1/series", () => series.list());
  server.post("/v1/series", ({ body }) => {
    const { text, files } = file.parse(body);
    return series.create({ text, files });
  });
  server.get("/v1/series/:name", (request) => series.get(name(request)));
  server.post("/v1/series/:name/pause", (request) => series.setPaused(name(request), true));
  server.post("/v1/series/:name/resume", (request) => series.setPaused(name(request), false));
  server.post("/v1/series/:name/run-now", (request) => series.runNow(name(request)));
  server.post("/v1/series/:name/remove", async (request) => {
    await series.remove(name(request));
    return {};
  });
}
