# One container: the API, the page and the workers. The data is in /data; only /data and /tmp must be writable.
# .github/dependabot.yml keeps this tag current.
FROM oven/bun:1.4.5-slim AS bun

FROM bun AS dependencies
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
COPY patches ./patches
COPY scripts/prune-dependencies scripts/prune-dependencies
RUN bun install --frozen-lockfile --production \
 && scripts/prune-dependencies node_modules

FROM bun
# ffmpeg and poppler depend on packages that they never load here: a 3D driver, keyboards, key management.
# Without them the image is 220 MB smaller. The versions at the end fail the build if a program needs one of them.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg poppler-utils tini \
 && dpkg --purge --force-depends $(dpkg-query -W -f '${Package}\n' \
      'libllvm*' 'libz3-*' libgl1-mesa-dri libglx-mesa0 mesa-libgallium xkb-data libx11-data shared-mime-info \
      gnupg gnupg-l10n gpg gpg-agent gpgconf gpgsm dirmngr pinentry-curses fonts-dejavu-mono 2>/dev/null) \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
 && ffmpeg -version && ffprobe -version && pdftoppm -v && tini --version
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY lectern package.json bun.lock LICENSE ./
COPY sql ./sql
COPY public ./public
COPY docs/errors.md ./docs/errors.md
COPY clients/ts/src ./clients/ts/src
COPY examples/panopto-site.ts ./examples/panopto-site.ts
COPY examples/course ./examples/course
COPY src ./src
# The process that reads PDFs starts in half the time when it is compiled, and the server cannot write it here.
RUN bun src/media/pdf/compile-pdf-child.ts
# The mark tells ./lectern that nothing must be installed.
RUN mkdir -p /data && chown 1000:1000 /data && ln -s /app/lectern /usr/local/bin/lectern \
 && echo production >node_modules/.lectern-installed
# The user `bun` of the base image, as a number, so that Kubernetes can check that it is not root.
USER 1000:1000
# Bun's default is 256 outgoing connections, and each streaming answer uses one. Its cache of transpiled
# files would need a writable folder.
ENV HOST=0.0.0.0 PORT=8080 DATA_ROOT=/data BUN_CONFIG_MAX_HTTP_REQUESTS=16384 BUN_RUNTIME_TRANSPILER_CACHE_PATH=0
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s \
  CMD ["bun", "src/commands/health.ts"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Lectern" \
      org.opencontainers.image.description="Turns a course into knowledge an agent can quote: lectures and slides in, cited answers out." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION"
# tini reaps zombie processes; --no-orphans ends ffmpeg with its parent.
ENTRYPOINT ["tini", "--"]
CMD ["bun", "--no-orphans", "src/main.ts"]
