#!/bin/sh
# Runs plainview with the secrets of the container as the variables that it reads: `entry.sh serve ...`.
set -eu
secrets=${SECRETS:-/run/secrets}
DATABASE_URL=$(cat "$secrets/database-url")
AWS_ACCESS_KEY_ID=$(cat "$secrets/s3-key")
AWS_SECRET_ACCESS_KEY=$(cat "$secrets/s3-secret")
export DATABASE_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
exec plainview "$@"
