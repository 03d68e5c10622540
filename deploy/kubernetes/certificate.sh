#!/bin/sh
# Makes a key and a certificate for one machine of the Ray cluster, signed by the cluster's authority.
#
#   certificate.sh AUTHORITY OUT NAME-OR-ADDRESS ...
#
# AUTHORITY  folder with ray-ca.pem and ray-ca-key.pem
# OUT        folder for ray-cert.pem, ray-key.pem and ray-ca.pem
#
# Ray's machines call each other by address, so each one's certificate has its own.
set -eu
if [ $# -lt 3 ]; then sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; fi
authority=$1 out=$2
shift 2
umask 077
names="DNS:localhost,IP:127.0.0.1"
for name in "$@"; do
  case $name in
    *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) names="$names,IP:$name" ;;
    *) names="$names,DNS:$name" ;;
  esac
done
mkdir -p "$out"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=ray" \
  -keyout "$out/ray-key.pem" -out "$out/ray.csr" 2>/dev/null
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names" >"$out/ray.ext"
openssl x509 -req -in "$out/ray.csr" -CA "$authority/ray-ca.pem" -CAkey "$authority/ray-ca-key.pem" \
  -set_serial "0x$(openssl rand -hex 16)" -days 825 -extfile "$out/ray.ext" -out "$out/ray-cert.pem" 2>/dev/null
rm -f "$out/ray.csr" "$out/ray.ext"
[ "$authority" = "$out" ] || cp "$authority/ray-ca.pem" "$out/ray-ca.pem"
openssl verify -CAfile "$out/ray-ca.pem" "$out/ray-cert.pem" >/dev/null
