# supervisord as process 1 of a container, from nothing but its two executables.
#
#   docker build -t supervisord .
#   docker run -v ./supervisord.conf:/etc/supervisord.conf supervisord
#
# To put it into an image of your own:  COPY --from=supervisord /usr/bin/supervisord /usr/bin/supervisorctl /usr/bin/

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/release

FROM scratch
COPY --from=build /src/target/static/supervisord /src/target/static/supervisorctl /usr/bin/
ENTRYPOINT ["/usr/bin/supervisord", "-n"]
