# The service as one binary, GraphiQL included.
FROM node:22-bookworm-slim AS playground
WORKDIR /ui
COPY ui/graphiql ./
RUN npm ci --no-audit --no-fund && npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=playground /ui/dist ui/graphiql/dist
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN useradd --system --home /var/lib/tasker --create-home tasker
COPY --from=build /src/target/release/tasker /usr/local/bin/tasker
COPY config /etc/tasker
USER tasker
WORKDIR /var/lib/tasker
EXPOSE 8080
# Inside a container the loopback address reaches nobody; who may reach the port is the network's business.
CMD ["tasker", "serve", "--config", "/etc/tasker", "--listen", "0.0.0.0:8080", "--insecure"]
