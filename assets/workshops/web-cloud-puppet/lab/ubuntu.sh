# What the deck boots as a web server: the Puppet agent is there, and packages to install are at
# hand with no network.
modules=$(printf 'puppet-module-puppetlabs-%s ' apt concat firewall haproxy inifile postgresql stdlib translate vcsrepo)

say 20 "web server: the Puppet agent"
apt update
apt install puppet-agent facter puppet-module-puppetlabs-cron-core
inside update-rc.d puppet disable || true # cron runs the agent, no daemon does

say 20 "web server: the packages that the manifests install"
pool=$R/srv/pool
mkdir -p "$pool"
apt -d -o Dir::Cache::archives=/srv/pool install haproxy python3-flask python3-pip git
rm -rf "$pool/partial" "$pool/lock"

# The plugins of the master's modules, as an agent's first run would leave them: some 250 lines
# and 15 s less in everybody's first run.
mkdir "$R/tmp/m"
inside sh -c "cd /tmp/m && apt-get -q download $modules && for f in *.deb; do dpkg-deb -x \$f tree; done"
mkdir -p "$R/var/cache/puppet/lib"
for lib in "$R"{/tmp/m/tree,}/usr/share/puppet/modules.available/*/lib; do
  cp -R "$lib/." "$R/var/cache/puppet/lib/"
done

# The pool is an apt source of its own, and the only one: nothing else can be reached anyway.
(
  cd "$pool"
  for f in *.deb; do
    dpkg-deb -f "$f"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$f" "$(stat -c %s "$f")" "$(sha256sum "$f" | cut -d' ' -f1)"
  done >Packages
)
rm -rf "$R"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/pool ./' >"$R/etc/apt/sources.list"

# The demo application, in a repository that git finds under its public address. git itself is the
# pool's, unpacked aside: on the servers it is Puppet that installs it.
git=$R/tmp/git
mkdir "$git"
for f in "$pool"/git_*.deb "$pool"/libcurl3-gnutls_*.deb "$pool"/libexpat1_*.deb; do dpkg-deb -x "$f" "$git"; done
repo=$R/tmp/app
mkdir -p "$R/srv/git" "$repo"
cp -R "$LAB_FILES/app/." "$repo/"
chmod 755 "$repo/start.py"
inside env PATH=/tmp/git/usr/bin:/usr/bin:/bin GIT_EXEC_PATH=/tmp/git/usr/lib/git-core \
  GIT_TEMPLATE_DIR=/tmp/git/usr/share/git-core/templates GIT_AUTHOR_NAME=atelier GIT_COMMITTER_NAME=atelier \
  GIT_AUTHOR_EMAIL=atelier@localhost GIT_COMMITTER_EMAIL=atelier@localhost sh -ec '
    git -C /tmp/app init -q -b master
    git -C /tmp/app add -A
    git -C /tmp/app commit -q -m Bonjour
    git clone -q --bare /tmp/app /srv/git/puppet-demoflask.git'
printf '[url "file:///srv/git/"]\n\tinsteadOf = https://github.com/arnaudmorin/\n[safe]\n\tdirectory = *\n' >"$R/etc/gitconfig"

# The deck's paths are those of Puppet's own packages. http_keepalive_timeout: without it, a first
# run waits 30 s after its certificate request, on a connection that nobody reads.
mkdir -p "$R/opt/puppetlabs/bin"
ln -sfn /etc/puppet "$R/etc/puppetlabs"
for c in puppet facter; do ln -sf "/usr/bin/$c" "$R/opt/puppetlabs/bin/$c"; done
printf '[main]\nserver = puppet\nkeylength = 2048\nhttp_keepalive_timeout = 0\n' >"$R/etc/puppet/puppet.conf"

finish() { apt update; } # of the pool
