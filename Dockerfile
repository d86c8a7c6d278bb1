# Two images of one file: `tools` holds everything (scripts, seeds, the local sign-in), the last one what serves.
# Node 24 runs the TypeScript as it is: the sources use erasable syntax only. Only the browser chat is built.
FROM node:24-bookworm-slim AS tools
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY contract/package.json contract/
COPY client/package.json client/
COPY core/package.json core/
COPY config/package.json config/
COPY backend/package.json backend/
COPY lambdas/package.json lambdas/
COPY engines/package.json engines/
COPY cli/package.json cli/
COPY frontend/package.json frontend/
COPY dev/package.json dev/
COPY infra/package.json infra/
COPY proof/bench/package.json proof/bench/
COPY proof/faults/package.json proof/faults/
COPY proof/conformance/package.json proof/conformance/
RUN npm ci --ignore-scripts
COPY . .
RUN bin/build
RUN mkdir -p /data && chown node:node /data
USER node

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4567
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY contract/package.json contract/
COPY core/package.json core/
COPY config/package.json config/
COPY backend/package.json backend/
COPY lambdas/package.json lambdas/
RUN npm ci --omit=dev --ignore-scripts --workspace=contract --workspace=core --workspace=config --workspace=backend --workspace=lambdas
COPY contract/src contract/src
COPY core/src core/src
COPY config/src config/src
COPY backend/src backend/src
COPY lambdas/src lambdas/src
COPY --from=tools /app/frontend/dist frontend/dist
USER node
EXPOSE 4567
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/api/health-check`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "backend/src/main.ts"]
