#!/bin/sh
# Makes this machine an agent: unpacks the package, enrols with the coordinator, starts the service. Run it again with a
# newer package to upgrade; what is there already (configuration, identity, spool) is kept.
set -eu

usage() {
  cat <<'TEXT'
install-agent.sh --token TOKEN (--url URL | --tarball FILE) --sha256 SUM [options]
install-agent.sh --uninstall [--purge]

  --token TOKEN         what `parallax enroll create` printed; others on this machine can see it in `ps`
  --token-file FILE     a file with it; - reads it from stdin
  --url URL             the agent's package, parallax-agent-VERSION-linux-ARCH.tar.gz
  --tarball FILE        the same, on this machine
  --sha256 SUM          the package's line in SHA256SUMS; nothing is unpacked that has another sum
  --with-node           put Node.js beside the agent, if this machine has none or too old a one
  --node-url URL        its package (default: the version that the agent is tested with, from nodejs.org)
  --node-tarball FILE   the same, on this machine
  --node-sha256 SUM     its line in SHASUMS256.txt beside it
  --name N              the agent's name (default: the token's, else this host's)
  --vantage V           its vantage point (default: the token's)
  --label KEY=VALUE     for the placement of campaigns; may be repeated
  --interface I         where probes leave (default: that of the default route)
  --ports LIST          only these ports may be probed from here, as in 80,443
  --pps N               packets a second that may leave from here (default 10000)
  --spool-mib N         rows that wait for the coordinator may take so much of the disk (default 1024)
  --open PREFIX         special-purpose addresses that may be probed from here, as 10.0.0.0/8; may be repeated
  --contact MAIL --contact-url URL   who answers for the probes; without them nothing is sent on the Internet
  --config FILE         agent.yaml as it is to be, in place of the eight above; an existing one is never overwritten
  --root DIR            install under this folder: no user, no service (images, tests)
  --no-start            leave the service stopped
  --uninstall           stop and remove the agent; configuration, identity and spool stay
  --purge               with --uninstall: these as well
TEXT
}

say() { printf 'install-agent: %s\n' "$*" >&2; }
# One line: what is wrong, and the remedy.
fail() {
  say "$1; $2"
  exit "${3:-1}"
}
wrong() { fail "$1" "$2" 2; }

NODE_VERSION=20.20.2
SERVICE=parallax-agent
ACCOUNT=parallax-agent

token='' token_file='' url='' tarball='' sum='' with_node=no node_url='' node_tarball='' node_sum='' name='' vantage=''
labels='' interface='' open='' ports='' pps=10000 spool_mib=1024 contact='' contact_url='' config='' root='' start=yes
uninstall=no purge=no

# A value that goes into YAML or a command; $3 is a bracket expression of what it may not hold.
checked() {
  case $2 in
    '' | *[!$3]*) wrong "$1 \"$2\" cannot be used" "write it with the characters $3" ;;
  esac
}

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --with-node) with_node=yes; shift; continue ;;
    --no-start) start=no; shift; continue ;;
    --uninstall) uninstall=yes; shift; continue ;;
    --purge) purge=yes; shift; continue ;;
    --*=*) wrong "$1 is not understood" "write the value as a word of its own: ${1%%=*} VALUE" ;;
  esac
  [ $# -ge 2 ] || wrong "$1 is unknown or has no value" "see install-agent.sh --help"
  case $1 in
    --token) token=$2 ;;
    --token-file) token_file=$2 ;;
    --url) url=$2 ;;
    --tarball) tarball=$2 ;;
    --sha256) checked "$1" "$2" 0-9a-fA-F; sum=$2 ;;
    --node-url) node_url=$2 ;;
    --node-tarball) node_tarball=$2 ;;
    --node-sha256) checked "$1" "$2" 0-9a-fA-F; node_sum=$2 ;;
    --name) checked "$1" "$2" A-Za-z0-9_-; name=$2 ;;
    --vantage) checked "$1" "$2" A-Za-z0-9_-; vantage=$2 ;;
    --label) checked "$1" "$2" A-Za-z0-9._/=-; labels="$labels $2" ;;
    --interface) checked "$1" "$2" A-Za-z0-9._@:-; interface=$2 ;;
    --ports) checked "$1" "$2" 0-9,; ports=$2 ;;
    --open) checked "$1" "$2" 0-9a-fA-F.:/; open="$open${open:+, }\"$2\"" ;;
    --pps) checked "$1" "$2" 0-9; pps=$2 ;;
    --spool-mib) checked "$1" "$2" 0-9; spool_mib=$2 ;;
    --contact) checked "$1" "$2" A-Za-z0-9._%+@-; contact=$2 ;;
    --contact-url) checked "$1" "$2" A-Za-z0-9._~:/?#@!\&=%+,-; contact_url=$2 ;;
    --config) config=$2 ;;
    --root) root=${2%/} ;;
    *) wrong "$1 is unknown" "see install-agent.sh --help" ;;
  esac
  shift 2
done

home=$root/opt/parallax-agent
etc=$root/etc/parallax
state=$root/var/lib/parallax-agent
units=$root/etc/systemd/system
identity=$state/identity

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s)" "agents run on Linux"
if [ -z "$root" ]; then
  # As the service will have it: a Node.js in somebody's own folder is of no use to it.
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  [ "$(id -u)" -eq 0 ] || fail "an agent is installed by root" "run it again with sudo"
  [ -d /run/systemd/system ] || fail "systemd does not run here" "install with --root DIR and start DIR/opt/parallax-agent/current/bin/parallax-agent yourself"
fi

if [ "$uninstall" = yes ]; then
  if [ -z "$root" ] && [ -e "$units/$SERVICE.service" ]; then
    systemctl disable --now --quiet "$SERVICE.service" || fail "systemd does not stop $SERVICE" "look at: systemctl status $SERVICE"
  fi
  rm -rf "$home" "$units/$SERVICE.service" "$units/$SERVICE.service.d"
  [ -n "$root" ] || systemctl daemon-reload
  if [ "$purge" = yes ]; then
    rm -rf "$etc/agent.yaml" "$state"
    rmdir "$etc" 2>/dev/null || true
    if [ -z "$root" ] && id "$ACCOUNT" >/dev/null 2>&1; then userdel "$ACCOUNT"; fi
    say "removed, with configuration, identity and spool; retire the agent at the coordinator too"
  else
    say "removed; $etc/agent.yaml and $state are kept (--purge removes them)"
  fi
  exit 0
fi
[ "$purge" = no ] || wrong "--purge goes with --uninstall" "leave it out"

[ -n "$sum" ] || wrong "--sha256 is missing" "copy the package's sum from SHA256SUMS"
if [ -n "$url" ] && [ -n "$tarball" ]; then wrong "--url and --tarball are both there" "leave one out"; fi
[ -n "$url$tarball" ] || wrong "no package is named" "name it with --url or --tarball"
if [ -n "$token" ] && [ -n "$token_file" ]; then wrong "--token and --token-file are both there" "leave one out"; fi
[ -z "$config" ] || [ -r "$config" ] || wrong "--config: $config cannot be read" "name an existing file"
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) fail "there is no package for $(uname -m)" "use a machine with x86_64 or aarch64" ;;
esac
for tool in tar gzip sha256sum awk; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing" "install it with the package manager"
done

# Everything new is made in one folder and moved into place at the end; whatever happens before leaves no trace.
made='' made_account=no
if [ ! -d "$home" ]; then
  mkdir -p "$home" || fail "$home cannot be made" "check that the disk is writable"
  made=$home
fi
work=$(mktemp -d "$home/.new-XXXXXX")
# shellcheck disable=SC2317  # called by the trap
clean() {
  rm -rf "$work"
  [ -z "$made" ] || rmdir "$made" 2>/dev/null || true
  [ "$made_account" = no ] || userdel "$ACCOUNT"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

# What a command says, in one line.
oneline() { tr '\n' ' ' <"$1" | sed 's/^parallax-agent: //; s/ *$//'; }

fetch() {
  case $1 in http://* | https://*) ;; *) wrong "$1 is no address" "write one that begins with https://" ;; esac
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 3 -o "$2" "$1" 2>"$work/said" || fail "$1 cannot be fetched ($(oneline "$work/said"))" "check the address and the network"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1" || fail "$1 cannot be fetched" "check the address and the network"
  else
    fail "neither curl nor wget is here" "install one, or fetch the package yourself and name it with --tarball"
  fi
}

# require_sum FILE SUM WHAT
require_sum() {
  got=$(sha256sum "$1" | awk '{ print $1 }')
  want=$(printf %s "$2" | tr A-F a-f)
  [ "$got" = "$want" ] || fail "$3 has the sum $got, not $want" "fetch it again, and compare the sum with the one where it was published"
}

archive=$tarball
if [ -n "$url" ]; then
  archive=$work/package.tar.gz
  fetch "$url" "$archive"
fi
[ -r "$archive" ] || wrong "--tarball: $archive cannot be read" "name an existing file"
require_sum "$archive" "$sum" "the package"
tar -tzf "$archive" >"$work/names" 2>/dev/null || fail "the package is no tar archive" "use one that npm run build:agent made"
package=$(awk -F/ 'NR == 1 { print $1 }' "$work/names")
version=${package#parallax-agent-}
version=${version%-linux-*}
case $package in
  "parallax-agent-$version-linux-$arch") ;;
  parallax-agent-*-linux-*) fail "$package is not for this machine ($arch)" "use the package for linux-$arch" ;;
  *) fail "the archive is no package of the agent" "use one that npm run build:agent made" ;;
esac
checked "the package's version" "$version" A-Za-z0-9.+-
tar -xzf "$archive" -C "$work" --no-same-owner || fail "the package cannot be unpacked" "check that the disk of $home has room"
program=$work/$package/bin/parallax-agent

# Node.js: that of this machine, or the one put beside the agent before, or a new one.
works() { PARALLAX_NODE=$1 "$program" --version >/dev/null 2>"$work/said"; }
node=''
if [ -x "$home/node/bin/node" ] && works "$home/node/bin/node"; then
  node=$home/node/bin/node
elif works node; then
  node=node
elif [ "$with_node" = no ]; then
  fail "$(sed 's/^parallax-agent: //; q' "$work/said")" "nothing was installed"
else
  [ -n "$node_sum" ] || wrong "--with-node wants --node-sha256" "copy the sum of node-v$NODE_VERSION-linux-$arch.tar.gz from https://nodejs.org/dist/v$NODE_VERSION/SHASUMS256.txt"
  if [ -z "$node_tarball" ]; then
    node_tarball=$work/node.tar.gz
    fetch "${node_url:-https://nodejs.org/dist/v$NODE_VERSION/node-v$NODE_VERSION-linux-$arch.tar.gz}" "$node_tarball"
  fi
  [ -r "$node_tarball" ] || wrong "--node-tarball: $node_tarball cannot be read" "name an existing file"
  require_sum "$node_tarball" "$node_sum" "the package of Node.js"
  mkdir "$work/node"
  tar -xzf "$node_tarball" -C "$work/node" --strip-components=1 --no-same-owner || fail "the package of Node.js cannot be unpacked" "use a .tar.gz of nodejs.org"
  node=$work/node/bin/node
  works "$node" || fail "the new Node.js does not run the agent: $(sed 's/^parallax-agent: //; q' "$work/said")" "use another version"
fi

# The agent's own file.
if [ -e "$etc/agent.yaml" ]; then
  say "$etc/agent.yaml is kept as it is"
elif [ -n "$config" ]; then
  cp "$config" "$work/agent.yaml"
else
  if [ -z "$interface" ]; then
    interface=$({ ip -o -4 route show default; ip -o -6 route show default; } 2>/dev/null | awk '{ for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); exit } }')
    [ -n "$interface" ] || fail "there is no default route" "name an interface with --interface"
  fi
  if [ -n "$contact" ] && [ -z "$contact_url" ]; then wrong "--contact goes with --contact-url" "name a page that explains the probes"; fi
  # From the file's folder, so that a root that is moved or entered later still has its own.
  to_state=/var/lib/parallax-agent
  [ -z "$root" ] || to_state=../../var/lib/parallax-agent
  {
    echo "# Only this file says what may be probed from this machine: no coordinator can lift it."
    [ -z "$name" ] || echo "name: \"$name\""
    [ -z "$vantage" ] || echo "vantage: \"$vantage\""
    if [ -n "$labels" ]; then
      echo "labels:"
      for label in $labels; do echo "  \"${label%%=*}\": \"${label#*=}\""; done
    fi
    echo "identity: $to_state/identity"
    echo "spool: { folder: $to_state/spool, maxBytes: $((spool_mib * 1048576)) }"
    echo "interface: \"$interface\""
    if [ -n "$ports" ]; then echo "caps: { packetsPerSecond: $pps, ports: [$ports] }"; else echo "caps: { packetsPerSecond: $pps }"; fi
    [ -z "$open" ] || echo "open: [$open]"
    if [ -n "$contact" ]; then
      echo "contact: { email: \"$contact\", url: \"$contact_url\" }"
    else
      echo "# contact: { email: you@example.net, url: \"https://example.net/why\" }  # nothing is sent on the Internet without"
    fi
  } >"$work/agent.yaml"
  [ -n "$contact" ] || say "no --contact: nothing will be sent on the Internet until contact is set in $etc/agent.yaml"
fi

if [ -z "$root" ] && ! id "$ACCOUNT" >/dev/null 2>&1; then
  useradd --system --user-group --no-create-home --home-dir "$state" --shell /usr/sbin/nologin "$ACCOUNT" 2>"$work/said" ||
    fail "the user $ACCOUNT cannot be made ($(oneline "$work/said"))" "make it yourself and run this again"
  made_account=yes
fi

# The last step that can fail for reasons outside of this machine; what it leaves is put in place at once.
if [ -e "$identity/identity.json" ]; then
  [ -z "$token$token_file" ] || say "this machine is enrolled already, the token is not used (remove $identity to enrol again)"
else
  [ -n "$token$token_file" ] || wrong "this machine is not enrolled and no token is there" "get one with \`parallax enroll create\` and name it with --token"
  if [ -n "$token" ]; then
    (umask 077 && printf '%s\n' "$token" >"$work/token")
    token_file=$work/token
  fi
  set -- enroll --token-file "$token_file" --identity "$work/identity"
  [ -z "$name" ] || set -- "$@" --name "$name"
  [ -z "$vantage" ] || set -- "$@" --vantage "$vantage"
  PARALLAX_NODE=$node "$program" "$@" >"$work/enrolled" 2>"$work/said" ||
    fail "the coordinator does not take this machine: $(oneline "$work/said")" "nothing was installed"
  say "$(cat "$work/enrolled")"
fi

# From here on only moves within this machine.
made='' made_account=no
mkdir -p "$etc" "$state"
[ ! -e "$work/identity" ] || mv "$work/identity" "$identity"
chmod 755 "$home"
chmod 750 "$etc"
chmod 700 "$state"
[ ! -e "$work/agent.yaml" ] || { chmod 640 "$work/agent.yaml" && mv "$work/agent.yaml" "$etc/agent.yaml"; }
mkdir -p "$state/spool"
[ -n "$root" ] || { chgrp "$ACCOUNT" "$etc" "$etc/agent.yaml" && chown -R "$ACCOUNT:$ACCOUNT" "$state"; }
before=$(readlink "$home/current" 2>/dev/null || true)
if [ -d "$work/node" ]; then
  [ ! -e "$home/node" ] || mv "$home/node" "$work/node-before"
  mv "$work/node" "$home/node"
fi
[ ! -e "$home/$version" ] || mv "$home/$version" "$work/same-version-before"
mv "$work/$package" "$home/$version"
ln -s "$version" "$work/current"
mv -T "$work/current" "$home/current"
# The one before stays, to go back to; older ones do not.
for other in "$home"/*; do
  case ${other##*/} in node | current | "$version" | "$before") ;; *) rm -rf "$other" ;; esac
done

mkdir -p "$units"
cp "$home/current/systemd/$SERVICE.service" "$units/$SERVICE.service"
if [ -n "$root" ]; then
  say "installed $version under $root; start it with $home/current/bin/parallax-agent run --config $etc/agent.yaml"
  exit 0
fi
if [ "$(systemctl --version | awk 'NR == 1 { print $2 }')" -ge 254 ]; then
  mkdir -p "$units/$SERVICE.service.d"
  cp "$home/current/systemd/backoff.conf" "$units/$SERVICE.service.d/backoff.conf"
fi
systemctl daemon-reload
systemctl enable --quiet "$SERVICE.service"
if [ "$start" = no ]; then
  say "installed $version; start it with systemctl start $SERVICE"
  exit 0
fi
systemctl restart --no-block "$SERVICE.service"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
  sleep 2
  if systemctl is-active --quiet "$SERVICE.service"; then
    say "installed $version; it is connected ($(systemctl show -P StatusText "$SERVICE.service"))"
    exit 0
  fi
done
fail "$version is installed, but was not welcomed by the coordinator within a minute ($(systemctl show -P StatusText "$SERVICE.service"))" "look at: journalctl -u $SERVICE"
