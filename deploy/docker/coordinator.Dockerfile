# The coordinator with its broker and its warehouse: docker build -f deploy/docker/coordinator.Dockerfile -t parallax .
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run --silent build && npm prune --omit=dev --no-audit --no-fund

FROM nats:2.12-alpine AS nats

FROM node:20.20.2-bookworm-slim
COPY --from=nats /usr/local/bin/nats-server /usr/local/bin/nats-server
WORKDIR /opt/parallax
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN ln -s /opt/parallax/dist/coordinator/main.js /usr/local/bin/parallax \
  && useradd --system --user-group --home-dir /var/lib/parallax --create-home parallax
# It listens above 1024 and sends no packets of its own: no capability is needed.
USER parallax
WORKDIR /var/lib/parallax
VOLUME /var/lib/parallax
EXPOSE 4322 7443 7444
ENTRYPOINT ["parallax"]
CMD ["up", "--data", "/var/lib/parallax/data", "--listen", "0.0.0.0"]
