# One container: the API, the page and the workers. The data is in /data.
FROM oven/bun:1.4.5-slim AS dependencies
WORKDIR /app
COPY package.json bun.lock ./
RUN bun install --frozen-lockfile --production

FROM oven/bun:1.4.5-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg poppler-utils tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
RUN mkdir -p /data && chown bun:bun /data
USER bun
# Bun's default is 256 outgoing connections, and each streaming answer uses one.
ENV HOST=0.0.0.0 PORT=8080 DATA_ROOT=/data BUN_CONFIG_MAX_HTTP_REQUESTS=16384
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
  CMD ["bun", "src/commands/health.ts"]
# tini reaps zombie processes; --no-orphans ends ffmpeg with its parent.
ENTRYPOINT ["tini", "--"]
CMD ["bun", "--no-orphans", "src/main.ts"]
