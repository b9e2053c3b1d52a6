#!/usr/bin/env bash
# Installs the system packages that Parallax uses and cannot get from npm. Idempotent; says what it will do first;
# uses sudo only after asking.
#
#   deploy/setup.sh                        look, say, ask, install
#   deploy/setup.sh --yes                  do not ask
#   deploy/setup.sh --optional             what the portable driver's npm packages compile with, too
#   deploy/setup.sh --check                only look: exit code 1 when something is missing
#   deploy/setup.sh --quiet-when-complete  no output when nothing is missing
set -euo pipefail

say() { printf 'parallax setup: %s\n' "$*" >&2; }

yes=no check=no quiet=no optional=no
for argument in "$@"; do
  case "$argument" in
    --yes) yes=yes ;;
    --check) check=yes ;;
    --quiet-when-complete) quiet=yes ;;
    --optional) optional=yes ;;
    *) say "unknown option $argument; known: --yes --check --quiet-when-complete --optional"; exit 2 ;;
  esac
done

# Package, and the program that tells that it is there (administrators' programs may be outside a user's PATH).
needs=(
  nats-server:nats-server      # broker: stream of results, control state
  iproute2:ip                  # lab: namespaces, veth, routes
  iptables:iptables            # lab: middleboxes that the kernel can play
  nftables:nft                 # lab: packet filters
  tcpdump:tcpdump              # tests: our decoder beside another
  ethtool:ethtool              # lab: checksum offload off on veth
  util-linux:unshare           # lab: its own mount and process namespaces
  procps:sysctl                # lab: kernel settings of a namespace
)

# Package, and a program or a header file. The npm packages raw-socket and cap compile with these when npm installs them;
# without them npm leaves the two out, and only the driver "portable" is missing, which Linux seldom needs.
optional_needs=(
  g++:g++                               # node-gyp
  make:make                             # node-gyp
  python3:python3                       # node-gyp
  libpcap-dev:/usr/include/pcap/pcap.h  # cap: to compile; at run time it looks for libpcap.so, which is in this package
)

have() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }
is_there() { case "$1" in /*) [ -e "$1" ] ;; *) have "$1" ;; esac; }

missing=() missing_optional=()
for need in "${needs[@]}"; do
  is_there "${need#*:}" || missing+=("${need%%:*}")
done
for need in "${optional_needs[@]}"; do
  is_there "${need#*:}" || missing_optional+=("${need%%:*}")
done
if [ "${#missing_optional[@]}" -gt 0 ] && [ "$optional" = yes ]; then
  missing+=("${missing_optional[@]}")
elif [ "${#missing_optional[@]}" -gt 0 ] && [ "$quiet" = no ]; then
  say "optional, for the driver portable: ${missing_optional[*]}; deploy/setup.sh --optional installs them, then run npm ci"
fi

if [ "${#missing[@]}" -eq 0 ]; then
  [ "$quiet" = yes ] || say "complete: nothing to install"
  exit 0
fi

if [ "$(uname -s)" = Darwin ]; then
  say "missing: ${missing[*]}"
  say "on macOS only the coordinator runs: brew install nats-server; the lab needs Linux network namespaces (use a Debian 12 virtual machine)"
  exit 1
fi
if ! have apt-get; then
  say "missing: ${missing[*]}; install them with your distribution's package manager (names as in Debian) and run again"
  exit 1
fi
if [ "$check" = yes ]; then
  say "missing: ${missing[*]}; deploy/setup.sh installs them"
  exit 1
fi

say "will run: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! have sudo; then
    say "needs root and sudo is not here; run the line above as root, then again"
    exit 1
  fi
  as_root=(sudo)
  if [ "$yes" = no ]; then
    if [ ! -t 0 ]; then
      say "needs root; run 'deploy/setup.sh --yes' (it uses sudo), or the line above as root"
      exit 1
    fi
    read -r -p "parallax setup: run that with sudo? [y/N] " answer
    case "$answer" in y | Y | yes) ;; *) say "nothing was changed"; exit 1 ;; esac
  fi
fi

"${as_root[@]}" apt-get update -qq
for package in "${missing[@]}"; do
  if ! apt-cache show "$package" >/dev/null 2>&1; then
    say "$package is not in this system's package lists (on Ubuntu: enable 'universe', or use Debian 12); nothing was changed"
    exit 1
  fi
done
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

# Debian's nats-server package starts a broker of its own on port 4222; Parallax starts its own with its own settings.
case " ${missing[*]} " in
  *" nats-server "*)
    if [ -d /run/systemd/system ]; then
      "${as_root[@]}" systemctl disable --now nats-server.service >/dev/null 2>&1 ||
        say "could not stop the packaged nats-server service; Parallax uses another port and is not disturbed by it"
    fi
    ;;
esac
say "installed: ${missing[*]}"
if [ "$optional" = yes ] && [ "${#missing_optional[@]}" -gt 0 ]; then
  say "now run npm ci: it compiles raw-socket and cap"
fi
