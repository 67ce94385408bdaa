#!/bin/bash
# build.sh SCRIPT: makes one layer of an image by running SCRIPT over it. The lab runs it as the
# first process of a pid and a mount namespace, so that whatever happens here, nothing stays
# mounted and nothing stays running.
#
#   LAB_LAYER    the new layer: an empty directory
#   LAB_LOWER    the layers below it, topmost first, as overlayfs wants them; empty for the first
#   LAB_WORK     an empty directory on the same file system
#   LAB_FILES    files of the recipe
#   LAB_SOURCES  the package sources
#
# SCRIPT finds the tree at $R, and uses the functions below. What is printed goes to the log;
# what is told with "say" goes to the person who waits, on descriptor 3.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
mount -t proc proc /proc
umask 022

say() { printf '%s\n' "$*" >&3; } # say SECONDS TEXT: what comes now, and about how long it takes

inside() { chroot "$R" "$@"; }

# A network has bad moments: what could not be fetched is tried again.
retries=(-o Acquire::Retries=5 -o APT::Update::Error-Mode=any)

apt() { inside apt-get -q -y "${retries[@]}" -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 "$@"; }

service_at_boot() { local s; for s; do inside update-rc.d "$s" defaults; inside update-rc.d "$s" enable; done; }

put() { install -D -m "$1" "$LAB_FILES/$2" "$R/$3"; } # put MODE FILE PATH

# Processes in the tree need a /proc, devices, and this machine's name servers. No package may
# start a service: there is no init here.
open_tree() {
  printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d"
  chmod 755 "$R/usr/sbin/policy-rc.d"
  mount -t proc proc "$R/proc"
  mount --rbind /dev "$R/dev"
  rm -f "$R/etc/resolv.conf"
  : >"$R/etc/resolv.conf"
  if [ -e /etc/resolv.conf ]; then mount --bind "$(readlink -f /etc/resolv.conf)" "$R/etc/resolv.conf"; fi
}

# What a script wants done last, when the package lists are gone, is its function "finish".
close_tree() {
  rm -rf "$R"/tmp/* "$R"/var/lib/apt/lists/*
  if declare -F finish >/dev/null; then finish; fi
  if mountpoint -q "$R/etc/resolv.conf"; then umount "$R/etc/resolv.conf"; fi
  umount -l "$R/dev" "$R/proc"
  rm -rf "$R/usr/sbin/policy-rc.d" "$R/etc/resolv.conf" "$R"/var/cache/apt/*.bin
  find "$R/var/cache/apt/archives" -name '*.deb' -delete
  : >"$R/etc/machine-id"
}

R=$LAB_LAYER
if [ -n "$LAB_LOWER" ]; then
  R=$LAB_WORK/tree
  mkdir "$R" "$LAB_WORK/work"
  mount -t overlay lab-build -o "lowerdir=$LAB_LOWER,upperdir=$LAB_LAYER,workdir=$LAB_WORK/work" "$R"
  open_tree
fi
. "$1"
close_tree
