# Build: docker build -t mdca-kafka-source .
# Run:   docker run --read-only --cap-drop ALL -v ./config.yaml:/etc/mdca-kafka-source/config.yaml:ro -p 9464:9464 \
#          mdca-kafka-source
# It writes nothing but its log, to standard output. test/integration/packages/image.test.ts carries out the steps below.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# By the lock file; `npm ci` would refuse one that lacks the binaries of other platforms.
RUN npm install --no-save --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# Inside a container loopback would hide the metrics from those who are to read them.
ENV NODE_ENV=production MDCA_SOURCE__HTTP__HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY schemas schemas
# The image's user "node", as a number so that an orchestrator can tell that it is not root.
USER 1000:1000
EXPOSE 9464
# The process turns; what the scans do is in /status and the metrics.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and gets SIGTERM itself: the open transaction is finished or aborted before it exits.
STOPSIGNAL SIGTERM
# Little room for the young: most of what a page is made of lies outside of V8's heap, and memory is what counts here.
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/main.js"]
CMD ["run", "--config", "/etc/mdca-kafka-source/config.yaml"]
