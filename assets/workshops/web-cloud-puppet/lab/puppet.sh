# What the deck boots as the Puppet master: puppetserver, PuppetDB, PostgreSQL, and the control
# repository with its branches. Each server makes its own certificate authority: see files/master.
say 60 "master: puppetserver, PuppetDB, PostgreSQL"
modules=$(printf 'puppet-module-puppetlabs-%s ' apt concat firewall haproxy inifile postgresql stdlib vcsrepo)
mv "$R/etc/apt/sources.list" "$R/tmp/pool.list"
cp "$LAB_SOURCES" "$R/etc/apt/sources.list.d/"
apt update
echo 'puppetdb puppetdb/dbconfig-install boolean false' | inside debconf-set-selections
apt install puppetserver puppetdb dbconfig-no-thanks puppet-terminus-puppetdb postgresql git $modules
rm -rf "$R"/etc/apt/sources.list.d/*
mv "$R/tmp/pool.list" "$R/etc/apt/sources.list"
finish() { apt update; } # of the pool
ln -sf /usr/bin/puppetserver "$R/opt/puppetlabs/bin/puppetserver"

# Debian's jars hold Clojure sources, which Java would compile at each start: that is two thirds of
# the time until the first answer. Both are compiled here, side by side, and put on the class path.
say 75 "master: compiling puppetserver and PuppetDB"
cat >"$R/tmp/compile" <<'X'
#!/bin/bash
set -eu
services() { sed -e '/^#/d' "$@" | sed -n 's|/.*||p' | sort -u; }
compile() { # compile DIR JAR MAIN SERVICE...
  mkdir -p "$1"
  java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djruby.lib=/usr/share/jruby/lib -cp "$1:$2" clojure.main \
    -e "(binding [*compile-path* \"$1\"] (doseq [n '(${*:3})] (compile n)))"
}
compile /srv/classes/puppetserver /usr/share/puppetserver/puppetserver.jar \
  puppetlabs.trapperkeeper.main $(services /etc/puppet/puppetserver/services.d/*.cfg) &
compile /srv/classes/puppetdb /usr/share/puppetdb/puppetdb.jar \
  puppetlabs.puppetdb.core $(services /etc/puppetdb/bootstrap.cfg)
wait $!
X
inside bash /tmp/compile

# Small heaps, and a Java that is quick to start rather than fast for hours.
java='-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote'
sed -i "s|^JAVA_ARGS=.*|JAVA_ARGS=\"-Xms512m -Xmx512m $java -Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger\"|" "$R/etc/default/puppetserver"
sed -i "s|^JAVA_ARGS=.*|JAVA_ARGS=\"-Xmx192m $java\"|" "$R/etc/default/puppetdb"
sed -i 's|#max-active-instances: 1|max-active-instances: 1|' "$R/etc/puppet/puppetserver/conf.d/puppetserver.conf"

# puppetserver has a systemd unit only. PuppetDB's init script names a class that its jar no longer
# has, and does not wait for the certificates.
put 755 lab/files/puppetserver etc/init.d/puppetserver
put 755 lab/files/master etc/init.d/lab-master
sed -i -e 's|-m puppetlabs.puppetdb.main|-m puppetlabs.puppetdb.core services|' \
  -e 's|-cp /usr/share/puppetdb/puppetdb.jar|-cp /srv/classes/puppetdb:/usr/share/puppetdb/puppetdb.jar|' \
  -e 's|^\(# Required-Start:.*\)|\1 lab-master|' -e 's|^# Should-Start:.*|& postgresql|' "$R/etc/init.d/puppetdb"
service_at_boot lab-master postgresql puppetdb puppetserver

# autosign: whoever asks for a certificate gets one, as befits a classroom.
printf '\n[server]\nautosign = true\n' >>"$R/etc/puppet/puppet.conf"

# The control repository: a branch a step. Debian's modules stand beside the workshop's own.
say 15 "master: the control repository and the database"
code=$R/etc/puppet/code/environments/production
rm -rf "$code"
mkdir -p "$code/manifests"
cp -R "$LAB_FILES/control/modules" "$code/modules"
for m in $modules; do ln -s "/usr/share/puppet/modules/${m##*-}" "$code/modules/${m##*-}"; done
mkdir "$R/tmp/branches"
cp -R "$LAB_FILES/control/branches/." "$R/tmp/branches/"
inside env GIT_AUTHOR_NAME=atelier GIT_COMMITTER_NAME=atelier GIT_AUTHOR_EMAIL=atelier@localhost \
  GIT_COMMITTER_EMAIL=atelier@localhost sh -ec '
    cd /etc/puppet/code/environments/production
    git init -q -b bz1
    for b in bz1 bz2 bz3 bz4 bz5; do
      [ $b = bz1 ] || git checkout -q -b $b
      cp /tmp/branches/$b/manifests/site.pp manifests/site.pp
      git add -A
      git commit -q -m $b
    done
    git checkout -q bz1'

inside sh -ec '
  pg_ctlcluster $(pg_lsclusters -h | cut -d" " -f1,2) start -o "-c listen_addresses="
  sql() { su postgres -c "psql -q $1"; }
  echo "create role puppetdb login password '"'puppetdb'"'; create database puppetdb owner puppetdb" | tr ";" "\n" |
    while read -r line; do echo "$line" | sql; done
  echo "create extension pg_trgm" | sql "-d puppetdb"
  pg_ctlcluster $(pg_lsclusters -h | cut -d" " -f1,2) stop'

# What the manifests say about PuppetDB is done by the manifests themselves, all but the services:
# the first run of the agent on a master then finds nothing to change.
rc=0
inside puppet apply --detailed-exitcodes --tags package,file,ini_setting \
  --modulepath /etc/puppet/code/environments/production/modules:/usr/share/puppet/modules \
  -e "class { 'puppetdb': listen_address => '0.0.0.0' } class { 'puppetdb::master::config': }" || rc=$?
case $rc in 0 | 2) ;; *) exit "$rc" ;; esac
rm -rf "$R"/var/cache/puppet/{reports,state,client_data,facts.d} "$R"/var/lib/puppet/ssl
