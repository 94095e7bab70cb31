# One image for worker, API and agents: what differs is the command.
FROM node:20-bookworm-slim AS build
WORKDIR /opt/evenkeel
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY bin bin
COPY tools tools
COPY src src
RUN npm run build

FROM node:20-bookworm-slim
ENV NODE_ENV=production EVENKEEL_SETUP=no EVENKEEL_STATE=/var/lib/evenkeel
WORKDIR /opt/evenkeel
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY bin bin
COPY tools tools
COPY deploy deploy
COPY --from=build /opt/evenkeel/dist dist
RUN useradd --uid 10001 --create-home --home-dir /var/lib/evenkeel evenkeel \
  && ln -s /opt/evenkeel/bin/evenkeel.js /usr/local/bin/evenkeel \
  && evenkeel --version
# Agents set owners and are given root by who runs them; nobody else needs it.
USER evenkeel
ENTRYPOINT ["evenkeel"]
CMD ["--help"]
