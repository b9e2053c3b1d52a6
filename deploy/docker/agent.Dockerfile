# The agent: docker build -f deploy/docker/agent.Dockerfile -t parallax-agent .
# Run it with the host's network, and with NET_RAW, which is among Docker's default capabilities: see docs/deploy.md.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Prebuilt binaries come as packages: nothing has to be compiled or fetched by a script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac \
  && npm run --silent build:agent -- --arch "$arch" \
  && mkdir -p /out && tar -xzf dist/package/*.tar.gz -C /out --strip-components=1

FROM node:20.20.2-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 libcap2-bin \
  && rm -rf /var/lib/apt/lists/* \
  # Only this copy of Node.js may open raw sockets: a user without rights needs it in the file.
  && mkdir -p /opt/parallax-agent/node/bin \
  && cp /usr/local/bin/node /opt/parallax-agent/node/bin/node \
  && setcap cap_net_raw,cap_net_bind_service+ep /opt/parallax-agent/node/bin/node \
  && useradd --system --user-group --home-dir /var/lib/parallax-agent --create-home parallax-agent
COPY --from=build /out /opt/parallax-agent/current
RUN ln -s /opt/parallax-agent/current/bin/parallax-agent /usr/local/bin/parallax-agent
USER parallax-agent
VOLUME /var/lib/parallax-agent
ENTRYPOINT ["parallax-agent"]
CMD ["run", "--config", "/etc/parallax/agent.yaml"]
