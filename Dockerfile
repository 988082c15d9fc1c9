# supervisord as process 1 of a container, from nothing but its one static executable.
#
#   docker build -t supervisord .
#   docker run -v ./supervisord.conf:/etc/supervisord.conf supervisord
#
# To put it into an image of your own:
#
#   COPY --from=supervisord /usr/local/bin/supervisord /usr/local/bin/supervisorctl /usr/local/bin/
#   CMD ["/usr/local/bin/supervisord"]
#
# As process 1 it stays in the foreground of itself. Behind an init (docker run --init) it is not process 1 and needs -n.

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/build release --bin supervisord \
    && mkdir -p /image/usr/local/bin \
    && cp target/*-unknown-linux-gnu/release/supervisord /image/usr/local/bin/ \
    && for name in supervisorctl pidproxy echo_supervisord_conf; do ln -s supervisord "/image/usr/local/bin/$name"; done

FROM scratch
COPY --from=build /image /
ENTRYPOINT ["/usr/local/bin/supervisord"]
CMD ["-n"]
