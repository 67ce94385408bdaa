# The first layer: a small Debian whose init is sysvinit, with sshd, cron and syslog. sysvinit needs
# no cgroups and no privileges, so it runs as it is in a set of namespaces.
say 30 "Debian: packages"
packages=sysvinit-core,orphan-sysvinit-scripts,sysv-rc,initscripts,insserv,startpar
packages+=,openssh-server,openssh-client,cron,rsyslog,ccze,ca-certificates,netbase,iproute2,iputils-ping
packages+=,procps,psmisc,less,vim-tiny,curl,lsb-release,sudo
rmdir "$LAB_LAYER"
mmdebstrap --mode=root --variant=minbase --include="$packages" --aptopt='Acquire::Retries "5"' \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --setup-hook='mkdir -p "$1/usr/sbin" && printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"' \
  bookworm "$R" "$LAB_SOURCES"
open_tree

# What init does: there is nothing to check or to mount, and nobody sits at a terminal.
put 644 inittab etc/inittab
put 755 sysinit usr/local/lib/lab/sysinit
put 755 off usr/local/lib/lab/off
put 755 rc.local etc/rc.local
put 755 reboot usr/local/sbin/reboot
for c in poweroff halt shutdown; do ln -sf reboot "$R/usr/local/sbin/$c"; done
service_at_boot rsyslog cron ssh

# Each server makes its own host key; only one type, so that there is one fingerprint to compare.
rm -f "$R"/etc/ssh/ssh_host_*
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nPrintLastLog no\n' >"$R/etc/ssh/sshd_config.d/50-lab.conf"
: >"$R/etc/motd"
# The kernel's log and the login uid are the machine's, not ours.
sed -i '/imklog/d' "$R/etc/rsyslog.conf"
sed -i 's/^\(session *\)required\( *pam_loginuid\)/\1optional\2/' "$R"/etc/pam.d/*
printf '$ActionFileDefaultTemplate RSYSLOG_TraditionalFileFormat\n' >"$R/etc/rsyslog.d/50-lab.conf"
echo 'LANG=C.UTF-8' >"$R/etc/default/locale"
ln -sf vim.tiny "$R/usr/bin/vim"
printf '#!/bin/sh\nexec tail -f "$@"\n' >"$R/usr/local/bin/tailf"
chmod 755 "$R/usr/local/bin/tailf"
