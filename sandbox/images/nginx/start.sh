#!/bin/sh
# Makes what the image's own file system would bring, then becomes the command: nginx, or its stand-in.
set -e

is_volume() {
  grep -q " $1 " /proc/self/mountinfo
}

if ! is_volume "$NGINX_LOG_FOLDER"; then
  mkdir -p "$NGINX_LOG_FOLDER"
  # As in the official image: without a volume over them the logs are the container's own output.
  if [ "$NGINX_LOGS_TO" = output ]; then
    ln -sf /dev/stdout "$NGINX_LOG_FOLDER/access.log"
    ln -sf /dev/stderr "$NGINX_LOG_FOLDER/error.log"
  fi
fi

html=/app/html
if is_volume "$NGINX_HTML_FOLDER"; then html=$NGINX_HTML_FOLDER; fi
ln -sfn "$html" /run/html

exec "$@"
