#!/bin/sh
# Makes what the processes of a cluster prove to each other who they are with: passwords, Ray's token, a certificate
# authority, and a certificate for the machines of compose.yaml. Run again, it keeps what is there and makes what is
# missing.
#
#   deploy/cluster/prepare.sh FOLDER
#
# FOLDER  for the files, readable by its owner alone: deploy/cluster/secrets for compose.yaml, deploy/kubernetes/secrets
#         for Kubernetes
set -eu
if [ $# -ne 1 ]; then sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; fi
command -v openssl >/dev/null || { echo "This needs openssl. On Debian: apt-get install openssl" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
umask 077
mkdir -p "$1"
cd "$1"

secret() { [ -s "$1" ] || openssl rand -hex "${2:-32}" | tr -d '\n' >"$1"; }
secret database-password
secret ray-token
secret s3-key 10
secret s3-secret
[ -s database-url ] || printf 'postgresql://%s@database/plainview' "plainview:$(cat database-password)" >database-url

if [ ! -s ray-ca.pem ] || [ ! -s ray-ca-key.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Plainview cluster" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout ray-ca-key.pem -out ray-ca.pem 2>/dev/null
  rm -f ray-cert.pem
fi
# The names and addresses of compose.yaml; in Kubernetes each machine makes its own from the authority.
[ -s ray-cert.pem ] || sh "$here/../kubernetes/certificate.sh" . . ray-head ray-part \
  10.77.0.11 10.77.0.12 10.77.0.21 10.77.0.22 10.77.0.31 10.77.0.32
echo "The secrets are in $(pwd). They are for the cluster's machines alone; keep a copy apart."
